-- pgq.next_batch(i_queue_name, i_consumer_name)
--
-- Opens the consumer's next batch, of one tick, or returns the open one.
--
-- Returns: int8, the batch's id; null when there is no batch yet
-- Writes: pgq.subscription
-- Errors: as pgq.next_batch_custom
create or replace function pgq.next_batch(i_queue_name text, i_consumer_name text) returns int8
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    return (select n.batch_id from pgq.next_batch_custom(i_queue_name, i_consumer_name, null, null, null) n);
end;
$$;
