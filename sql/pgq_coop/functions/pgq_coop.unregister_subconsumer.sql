-- pgq_coop.unregister_subconsumer(i_queue_name, i_consumer_name, i_subconsumer_name, i_batch_handling)
--
-- Ends the subscription of a member of a cooperative consumer.
--
-- Arguments: i_batch_handling - what to do with the member's open batch: 0 refuse, 1 drop it; its events are then lost
-- Returns: int4, 1; 0 when there is no such member
-- Writes: pgq.subscription, pgq.consumer
-- Errors: TD003 subconsumer has active batch; TD009 no right to consume from the queue
create or replace function pgq_coop.unregister_subconsumer(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_batch_handling int4
) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
    v_result    int4;
begin
    if v_queue_id is null then
        return 0;
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        return pgq_coop._consume_unregister_subconsumer(v_queue_id, i_consumer_name, i_subconsumer_name, i_batch_handling);
    end if;
    execute format('select r.n from %s(''pgq_coop.unregister_subconsumer'', $1) as r(n int4)',
        pgq._gate(v_queue_id, 'consume'))
       into v_result using array[i_consumer_name, i_subconsumer_name, i_batch_handling::text];
    return v_result;
end;
$$;
