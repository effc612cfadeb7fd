-- pgtide.deny_triggers(i_queue, i_table) returns table (trigger_name, whole, enabled)
--
-- The guards of a queue that are on a table (pgtide.create_deny), known by their function and first argument: a name proves nothing.
--   whole    it fires for each change
--   enabled  as pg_trigger.tgenabled
create or replace function pgtide.deny_triggers(i_queue text, i_table oid)
returns table (trigger_name name, whole bool, enabled "char") language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- tgtype: 2 before, 4 insert, 8 delete, 16 update, 32 truncate
    select g.tgname, g.tgtype = 62 and g.tgqual is null and g.tgattr::text = '', g.tgenabled
    from pg_trigger g
    where g.tgrelid = i_table and not g.tgisinternal and g.tgfoid = 'pgtide.deny()'::regprocedure
      and position(convert_to(i_queue, getdatabaseencoding()) || '\x00' in g.tgargs) = 1;
$$;
