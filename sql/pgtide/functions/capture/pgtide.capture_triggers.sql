-- pgtide.capture_triggers(i_queue_id, i_table)
--
-- Lists the capture triggers of a queue that are on a table.
--
-- Returns: table (suffix, trigger_name, function, enabled); no rows if there are none
--              suffix    which of the capture's triggers it is: insert, update, delete, truncating or truncate; null: it has a condition,
--                        is limited to columns or is of another kind, and so does not capture everything
--              function  the OID of its function
--              enabled   as pg_trigger.tgenabled
-- Writes: nothing
--
-- A trigger is known by its function, which only the owner of schema pgtide can create and use, and by its kind. A name proves
-- nothing: a table's owner may give any trigger such a name, and a dump keeps the names of triggers and functions while the
-- tables get other OIDs.
create or replace function pgtide.capture_triggers(i_queue_id int, i_table oid)
returns table (suffix text, trigger_name name, function oid, enabled "char") language plpgsql stable rows 5
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
    return query
        select k.suffix, g.tgname, g.tgfoid, g.tgenabled
        from pg_trigger g
        join pg_proc p on p.oid = g.tgfoid
        -- tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate
        left join (values ('insert', 4, null, 'pgtide_new'), ('update', 16, 'pgtide_old', 'pgtide_new'), ('delete', 8, 'pgtide_old', null),
                          ('truncating', 34, null, null), ('truncate', 32, null, null)) k (suffix, type, old_rows, new_rows)
            on k.type = g.tgtype and g.tgqual is null and g.tgattr::text = ''
                and g.tgoldtable is not distinct from k.old_rows::name and g.tgnewtable is not distinct from k.new_rows::name
        where g.tgrelid = i_table and not g.tgisinternal
          and p.pronamespace = 'pgtide'::regnamespace and p.proname like format('capture\_%s\_%%', i_queue_id);
end;
$$;
