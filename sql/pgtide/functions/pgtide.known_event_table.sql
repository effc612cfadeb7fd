-- pgtide.known_event_table(i_queue_id, variadic i_event_tables) returns int
--
-- pgtide.event_table_now, as the plan of the statement that asks knows it: reading the queue's row would be a quarter of what a captured
-- statement costs. As pgtide.capture_known_route it is declared immutable, which it is not. PostgreSQL makes a new plan when an event
-- table has changed: each rotation truncates one, and pgq._queue_changed touches one when anything else of the answer changes.
--
-- Only for statements that insert into the event table whose number the answer must be, in a transaction that has its id. Why such a
-- statement never writes where no batch looks: it locks that table before it looks whether its plan still holds, and whoever takes a
-- lock is told first of all that was committed. If it is not told of a switch then, step 2, which comes after all have been told, gets a
-- higher id than the writer (pgq.maint_rotate_tables_step1), and all that the writer's transaction writes may go there. A
-- transaction that has the lock already is told nothing, but was when it took it, and it had its id by then: who has none has
-- changed nothing yet, and a capture then writes nothing. For disabled inserts see pgq_node._await_writers.
create or replace function pgtide.known_event_table(i_queue_id int, variadic i_event_tables regclass[])
returns int language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgtide.event_table_now(i_queue_id, i_event_tables);
end;
$$;
