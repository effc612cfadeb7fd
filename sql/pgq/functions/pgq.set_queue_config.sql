-- pgq.set_queue_config(x_queue_name, x_param_name, x_param_value)
--
-- Sets one of ticker_max_count, ticker_max_lag, ticker_idle_period, ticker_paused, rotation_period, external_ticker.
--
-- Arguments: x_param_value - as text; its type is that of the column queue_<x_param_name>
-- Returns: int4, always 1
-- Writes: pgq.queue
-- Errors: TD001 null, unknown parameter, or a value that is none; TD002 no such queue; TD009 no right to
--         administrate it
create or replace function pgq.set_queue_config(x_queue_name text, x_param_name text, x_param_value text) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4;
    v_result    int4;
begin
    if x_queue_name is null or x_param_name is null or x_param_value is null then
        raise exception 'Invalid NULL value' using errcode = 'TD001';
    end if;
    select q.queue_id into v_queue_id from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'No such event queue' using errcode = 'TD002', detail = 'queue: ' || x_queue_name;
    end if;
    execute format('select r.n from %s(''pgq.set_queue_config'', $1) as r(n int4)', pgq._gate(v_queue_id, 'admin'))
       into v_result using array[x_param_name, x_param_value];
    return v_result;
end;
$$;
