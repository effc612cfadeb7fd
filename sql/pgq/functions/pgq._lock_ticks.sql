-- pgq._lock_ticks(i_queue_id)
--
-- Makes the caller the queue's only ticker until its transaction ends. Snapshots of later statements are then after
-- every tick that is stored.
--
-- Returns: nothing
-- Writes: nothing
-- Errors: TD003 the isolation level is not READ COMMITTED
create or replace function pgq._lock_ticks(i_queue_id int4) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'ticker must run in READ COMMITTED, not in %', upper(current_setting('transaction_isolation'))
            using errcode = 'TD003',
            detail = 'The tick''s snapshot would be older than the lock that keeps ticks in order.',
            hint = 'Call it in a transaction of its own: begin isolation level read committed.';
    end if;
    perform pg_advisory_xact_lock(7366513, i_queue_id);
end;
$$;
