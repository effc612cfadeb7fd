-- pgtide.known_event_table(i_queue_id, variadic i_event_tables)
--
-- Called by captures: pgtide._event_table_now, kept in the plan of the statement that calls it. To read the queue's row would be
-- a quarter of the cost of a captured statement.
--
-- Returns: int, as pgtide._event_table_now
-- Writes: nothing
-- Errors: 40001 as pgtide._event_table_now
--
-- Like pgtide.capture_known_route it is declared immutable, although it is not. PostgreSQL makes a new plan when an event table
-- has changed: each rotation truncates one, and pgq._queue_changed invalidates one when anything else of the answer changes.
--
-- Only for statements that insert into the event table with the expected number, or into a row table that belongs to it, in a
-- transaction that has an id. Such a statement never writes an event that no batch reads:
--
--   - It locks the table that it inserts into, then checks that its plan is valid. Taking a lock processes all invalidations that were
--     sent before, for whatever table.
--   - If none of a switch is among them, then step 2 of that switch gets a higher id than the writer's, because it begins after the
--     invalidations were sent (pgq.maint_rotate_tables_step2). So all events of the writer's transaction may go into the tables of that
--     number.
--   - A transaction that holds the lock already processes none, but did when it took the lock, and had its id then: a transaction without
--     an id has changed no row, and its captures insert nothing.
--
-- For disabled inserts see pgq_node._await_writers.
create or replace function pgtide.known_event_table(i_queue_id int, variadic i_event_tables regclass[])
returns int language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgtide._event_table_now(i_queue_id, i_event_tables);
end;
$$;
