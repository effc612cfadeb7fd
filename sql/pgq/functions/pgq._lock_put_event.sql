-- pgq._lock_put_event()
--
-- Waits for others who make pgq._put_event, until the transaction's end (advisory lock 7366513 = 'pgq', 0, which is no queue's
-- id): two at once would fail on the function's row. To be taken before the locks on queues.
--
-- Returns: nothing
-- Writes: nothing
create or replace function pgq._lock_put_event() returns void
language sql set search_path = pg_catalog, pg_temp as $$
    select pg_advisory_xact_lock(7366513, 0);
$$;
