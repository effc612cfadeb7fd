-- pgq_coop._consume_unregister_subconsumer(i_queue_id, i_consumer_name, i_subconsumer_name, i_batch_handling)
--
-- What pgq_coop.unregister_subconsumer does behind the gate (pgq._gate); on the real extension pgq, which has no
-- gates, for its readers by itself.
--
-- Returns: int4, 1; 0 when there is no such member
-- Writes: pgq.subscription, pgq.consumer
-- Errors: TD003 subconsumer has active batch
create or replace function pgq_coop._consume_unregister_subconsumer(
    i_queue_id int4, i_consumer_name text, i_subconsumer_name text, i_batch_handling int4
) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_member record;
begin
    perform 1
       from pgq.subscription s
        join pgq.consumer c on c.co_id = s.sub_consumer
      where s.sub_queue = i_queue_id and c.co_name = i_consumer_name
        for update of s;
    select s.sub_queue, s.sub_consumer, s.sub_batch into v_member
      from pgq.subscription s
      join pgq.consumer c on c.co_id = s.sub_consumer
     where s.sub_queue = i_queue_id and c.co_name = i_consumer_name || '.' || i_subconsumer_name
       for update of s;
    if not found then
        return 0;
    elsif v_member.sub_batch is not null and i_batch_handling is distinct from 1 then
        raise exception 'subconsumer has active batch'
            using errcode = 'TD003', detail = 'batch: ' || v_member.sub_batch,
            hint = 'Finish the batch, or drop it with i_batch_handling = 1.';
    end if;
    delete from pgq.subscription where sub_queue = v_member.sub_queue and sub_consumer = v_member.sub_consumer;
    delete from pgq.consumer c
     where c.co_id = v_member.sub_consumer
       and not exists (select from pgq.subscription s where s.sub_consumer = c.co_id);
    return 1;
end;
$$;
