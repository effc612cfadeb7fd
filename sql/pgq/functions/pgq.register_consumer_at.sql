-- pgq.register_consumer_at(x_queue_name, x_consumer_name, x_tick_pos)
--
-- Subscribes a consumer to a queue at a tick, or moves it there, forward or back; then its open batch is dropped.
--
-- Arguments: x_tick_pos - null: the last tick for a new subscription, no move for an existing one
-- Returns: int4, 1 new; 0 when it was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: TD001 null; TD002 no such queue; TD003 no such tick, or the queue has no tick at all; TD009 no right to consume from
--         the queue
create or replace function pgq.register_consumer_at(
    x_queue_name text, x_consumer_name text, x_tick_pos bigint
) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4;
    v_result    int4;
begin
    if x_consumer_name is null then
        raise exception 'Invalid NULL value' using errcode = 'TD001', hint = 'Give the consumer a name.';
    end if;
    select q.queue_id into v_queue_id from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not created yet'
            using errcode = 'TD002', detail = 'queue: ' || coalesce(x_queue_name, 'null');
    end if;
    execute format('select r.n from %s(''pgq.register_consumer_at'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[x_consumer_name, x_tick_pos::text];
    return v_result;
end;
$$;
