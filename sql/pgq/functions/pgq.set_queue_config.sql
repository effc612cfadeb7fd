-- pgq.set_queue_config(x_queue_name, x_param_name, x_param_value)
--
-- Sets one of ticker_max_count, ticker_max_lag, ticker_idle_period, ticker_paused, rotation_period, external_ticker.
--
-- Arguments: x_param_value - as text; its type is that of the column queue_<x_param_name>
-- Returns: int4, always 1
-- Writes: pgq.queue
-- Errors: TD001 null, unknown parameter, or a value that is none; TD002 no such queue
create or replace function pgq.set_queue_config(x_queue_name text, x_param_name text, x_param_value text) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_type text;
begin
    if x_queue_name is null or x_param_name is null or x_param_value is null then
        raise exception 'Invalid NULL value' using errcode = 'TD001';
    end if;
    perform 1 from pgq.queue q where q.queue_name = x_queue_name for no key update;
    if not found then
        raise exception 'No such event queue' using errcode = 'TD002', detail = 'queue: ' || x_queue_name;
    end if;

    v_type := case x_param_name
        when 'ticker_max_count' then 'integer'
        when 'ticker_max_lag' then 'interval'
        when 'ticker_idle_period' then 'interval'
        when 'ticker_paused' then 'boolean'
        when 'rotation_period' then 'interval'
        when 'external_ticker' then 'boolean'
    end;
    if v_type is null then
        raise exception 'cannot change parameter "%s"', x_param_name
            using errcode = 'TD001',
            hint = 'Parameters: ticker_max_count, ticker_max_lag, ticker_idle_period, ticker_paused, rotation_period, external_ticker.';
    end if;

    begin
        execute format('update pgq.queue set %I = $1::%s where queue_name = $2', 'queue_' || x_param_name, v_type)
          using x_param_value, x_queue_name;
    exception when data_exception then
        raise exception 'invalid value for parameter "%": "%"', x_param_name, x_param_value
            using errcode = 'TD001', detail = 'type: ' || v_type;
    end;
    return 1;
end;
$$;
