-- pgq_coop.register_subconsumer(i_queue_name, i_consumer_name, i_subconsumer_name)
--
-- Subscribes a member of a cooperative consumer, and the consumer itself where it is not. The member is the consumer named
-- consumer.subconsumer; it has the main one's sub_id, and no ticks while it has no batch.
--
-- Returns: int4, 1 new; 0 when the member was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: TD002 no such queue; TD001 a consumer of that name reads the queue by itself; as pgq.register_consumer_at
create or replace function pgq_coop.register_subconsumer(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text
) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
    v_result    int4;
begin
    if v_queue_id is null then
        raise exception 'Event queue not created yet'
            using errcode = 'TD002', detail = 'queue: ' || coalesce(i_queue_name, 'null');
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        return pgq_coop._consume_register_subconsumer(v_queue_id, i_consumer_name, i_subconsumer_name);
    end if;
    execute format('select r.n from %s(''pgq_coop.register_subconsumer'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[i_consumer_name, i_subconsumer_name];
    return v_result;
end;
$$;
