-- pgq.drop_queue(x_queue_name, x_force), pgq.drop_queue(x_queue_name)
--
-- Drops a queue with its events and ticks.
--
-- Arguments: x_force - true: unregister its consumers first; false (default): refuse when there are any
-- Returns: int4, always 1; null where the form with one argument gets null
-- Writes: pgq.queue, pgq.tick, pgq.subscription, pgq.consumer, pgq.retry_queue; drops the queue's tables and
--         sequences; makes pgq._put_event
-- Errors: TD002 no such queue; TD003 it has consumers; TD009 no right to administrate it
create or replace function pgq.drop_queue(x_queue_name text, x_force boolean) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = x_queue_name);
    v_result    int4;
begin
    if v_queue_id is null then
        raise exception 'No such event queue' using errcode = 'TD002', detail = 'queue: ' || coalesce(x_queue_name, 'null');
    end if;
    execute format('select r.n from %s(''pgq.drop_queue'', $1) as r(n int4)', pgq._gate(v_queue_id, 'admin'))
       into v_result using array[x_force::text];
    perform pgq._drop_gates(v_queue_id);
    return v_result;
end;
$$;

create or replace function pgq.drop_queue(x_queue_name text) returns int4
language sql strict set search_path = pg_catalog, pg_temp as $$
    select pgq.drop_queue(x_queue_name, false);
$$;
