-- pgtide.finish_restores(i_queue)
--
-- On the subscriber: lets replay know that tables have their indexes and constraints back (phase restoring -> restored).
--
-- Returns: setof text, the names of these tables; no rows when there are none
-- Writes: pgtide.table_state
--
-- An object that could not be put back does not hold the table up; status reports it.
create or replace function pgtide.finish_restores(i_queue text)
returns setof text language sql
set search_path = pg_catalog, pg_temp
as $$
    update pgtide.table_state t set phase = 'restored'
    where t.queue_name = i_queue and t.phase = 'restoring'
      and not exists (select from pgtide.saved_ddl d
                      where d.queue_name = t.queue_name and d.table_name = t.table_name and d.kind in ('constraint', 'index') and d.error is null)
    returning t.table_name;
$$;
