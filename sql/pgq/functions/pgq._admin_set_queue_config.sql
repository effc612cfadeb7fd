-- pgq._admin_set_queue_config(i_queue_id, i_param_name, i_param_value)
--
-- What pgq.set_queue_config does behind the gate.
--
-- Returns: int4, always 1
-- Writes: pgq.queue
-- Errors: TD001 unknown parameter, or a value that is none
create or replace function pgq._admin_set_queue_config(i_queue_id int4, i_param_name text, i_param_value text) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_type text;
begin
    v_type := case i_param_name
        when 'ticker_max_count' then 'integer'
        when 'ticker_max_lag' then 'interval'
        when 'ticker_idle_period' then 'interval'
        when 'ticker_paused' then 'boolean'
        when 'rotation_period' then 'interval'
        when 'external_ticker' then 'boolean'
    end;
    if v_type is null then
        raise exception 'cannot change parameter "%s"', i_param_name
            using errcode = 'TD001',
            hint = 'Parameters: ticker_max_count, ticker_max_lag, ticker_idle_period, ticker_paused, rotation_period, external_ticker.';
    end if;

    begin
        execute format('update pgq.queue set %I = $1::%s where queue_id = $2', 'queue_' || i_param_name, v_type)
          using i_param_value, i_queue_id;
    exception when data_exception then
        raise exception 'invalid value for parameter "%": "%"', i_param_name, i_param_value
            using errcode = 'TD001', detail = 'type: ' || v_type;
    end;
    return 1;
end;
$$;
