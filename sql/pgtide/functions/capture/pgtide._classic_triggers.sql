-- pgtide._classic_triggers(i_queue, i_table)
--
-- Lists the row triggers that Londiste has put on a table for a queue.
--
-- Returns: table (trigger_name, enabled), enabled as pg_trigger.tgenabled; no rows if there are none
-- Writes: nothing
--
-- They have Londiste's name, call a function of PgQ or Londiste, and have the queue as their first argument: the name alone does
-- not prove it, since any trigger can be given such a name.
create or replace function pgtide._classic_triggers(i_queue text, i_table oid)
returns table (trigger_name name, enabled "char") language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select g.tgname, g.tgenabled
    from pg_trigger g
    join pg_proc p on p.oid = g.tgfoid
    join pg_namespace n on n.oid = p.pronamespace
    where g.tgrelid = i_table and not g.tgisinternal and n.nspname in ('pgq', 'londiste')
      and g.tgname in (('_londiste_' || i_queue)::name, ('zzz__londiste_' || i_queue)::name)
      and position(convert_to(i_queue, getdatabaseencoding()) || '\x00' in g.tgargs) = 1;
$$;
