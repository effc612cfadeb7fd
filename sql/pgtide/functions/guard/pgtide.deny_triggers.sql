-- pgtide.deny_triggers(i_queue, i_table)
--
-- Lists the guards of a queue that are on a table (pgtide.create_deny). They are known by their function and first argument: a
-- name proves nothing.
--
-- Returns: table (trigger_name, denies, enabled); no rows if there are none
--              denies   rows, truncate, or all (as an older release made it); null: it has a condition or is limited to
--                       columns, and so guards nothing
--              enabled  as pg_trigger.tgenabled
-- Writes: nothing
create or replace function pgtide.deny_triggers(i_queue text, i_table oid)
returns table (trigger_name name, denies text, enabled "char") language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- tgtype: 2 before, 4 insert, 8 delete, 16 update, 32 truncate
    select g.tgname,
           case when g.tgqual is null and g.tgattr::text = ''
                then case g.tgtype when 30 then 'rows' when 34 then 'truncate' when 62 then 'all' end end,
           g.tgenabled
    from pg_trigger g
    where g.tgrelid = i_table and not g.tgisinternal and g.tgfoid = 'pgtide.deny()'::regprocedure
      and position(convert_to(i_queue, getdatabaseencoding()) || '\x00' in g.tgargs) = 1;
$$;
