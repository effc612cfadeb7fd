-- pgq._refuse_old_queue(i_queue_id)
--
-- For writers in REPEATABLE READ and SERIALIZABLE: makes sure that the queue's row, as the transaction's snapshot has it, is still
-- the current one. Otherwise a rotation came in between, and an event would land in a table that batches do not read any more.
-- The caller has its transaction id already.
--
-- Returns: nothing
-- Writes: nothing
-- Errors: 40001 the queue's row has changed since the snapshot
--
-- A lock on the row would do it too, but all writers of the queue would wait for each other's row locks. This looks without
-- one: currtid2() follows a row to its latest committed version, whatever the snapshot. Why that is enough: if a switch has not
-- committed when this looks, its step 2 begins later still, and so gets a higher id than the writer (pgq.maint_rotate_tables_step1).
-- Only where there is a newer version is the row locked, which fails as an update of it would.
create or replace function pgq._refuse_old_queue(i_queue_id int4) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from pgq.queue q where q.queue_id = i_queue_id and currtid2('pgq.queue', q.ctid) <> q.ctid for share;
end;
$$;
