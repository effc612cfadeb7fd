-- pgtide.lock_structure(i_queue)
--
-- On the subscriber: until the transaction ends, it alone changes constraints, indexes and triggers of the queue's tables,
-- or changes their rows as replay does.
--
-- Returns: nothing
-- Writes: nothing; it takes an advisory lock
-- Errors: 55P03 the lock was not granted within 60 seconds
--
-- Each of these transactions locks several tables, in an order that its foreign keys give, so two at once could wait for
-- each other. The order of locks on a subscriber is: replay's position (pgtide.replay_state), this lock, the tables' states
-- (londiste.table_info, pgtide.table_state), the tables. Chunks of a copy, and statements that build or validate on one
-- table, do not need it. Tables whose rows replay inserts in place (pgtide.stage_rows) are locked before the states, in the order of their names:
-- whoever locks them otherwise has this lock.
--
-- A transaction that waits here holds no table yet, and keeps only replay waiting. So it waits for a slice of replay to end,
-- whatever lock_timeout is.
create or replace function pgtide.lock_structure(i_queue text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_timeout text := current_setting('lock_timeout');
begin
    perform set_config('lock_timeout', '60s', true);
    perform pg_advisory_xact_lock(hashtext('pgtide.lock_structure'), hashtext(i_queue));
    perform set_config('lock_timeout', v_timeout, true);
end;
$$;
