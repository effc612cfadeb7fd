-- pgtide.capture_known_route(i_table, i_root, i_shape, i_queue_id, variadic i_event_tables)
--
-- Called by captures: pgtide._capture_route, as the session knows it. A look into the catalog at each statement would cost half
-- as much as the event.
--
-- Returns: int, as pgtide._capture_route
-- Writes: nothing
-- Errors: 40001 as pgtide._capture_route
--
-- It is declared immutable, although it is not, so that the planner computes it once and the plan keeps the answer. PostgreSQL
-- makes a new plan when a relation that is named in it as a regclass constant has changed: the tables, by ALTER TABLE, and the
-- event tables, by TRUNCATE, with which each rotation begins; and when any schema has. The two parts are not equally certain:
--
--   shape        a session sees the change no later than it locks the table, as every write has. In REPEATABLE READ the snapshot may be
--                older than the change: then there is no plan, but a serialization failure.
--   event table  a guess. The statement that writes checks it (pgtide.known_event_table).
create or replace function pgtide.capture_known_route(i_table regclass, i_root regclass, i_shape text, i_queue_id int,
    variadic i_event_tables regclass[])
returns int language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgtide._capture_route(i_table, i_root, i_shape, i_queue_id);
end;
$$;
