-- pgq._batch_queue(i_batch_id)
--
-- The queue of an open batch.
--
-- Returns: int4, the queue's id; null when no such batch is open
-- Writes: nothing
create or replace function pgq._batch_queue(i_batch_id bigint) returns int4
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
    select s.sub_queue from pgq.subscription s where s.sub_batch = i_batch_id;
$$;
