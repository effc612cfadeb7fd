-- pgq.unregister_consumer(x_queue_name, x_consumer_name)
--
-- Ends a subscription and drops its retried events. A member of a cooperative consumer goes alone; the cooperative
-- consumer itself takes its members along.
--
-- Returns: int4, the number of subscriptions removed; 0 when there was none
-- Writes: pgq.subscription, pgq.retry_queue, pgq.consumer
-- Errors: TD009 no right to consume from the queue
create or replace function pgq.unregister_consumer(x_queue_name text, x_consumer_name text) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = x_queue_name);
    v_result    int4;
begin
    if v_queue_id is null then
        return 0;
    end if;
    execute format('select r.n from %s(''pgq.unregister_consumer'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[x_consumer_name];
    return v_result;
end;
$$;
