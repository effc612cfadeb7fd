-- pgtide._catalog_changed(i_table, i_root)
--
-- Returns whether the definition of a table, or of the partitioned tables above it up to i_root, has been changed by a
-- transaction that has committed and that the caller's snapshot does not see.
--
-- Returns: bool, true also after changes that do not matter (a GRANT on the table)
-- Writes: nothing
--
-- In REPEATABLE READ all catalog queries then answer with the old definition, while the table's rows already have the new one.
-- currtid2() follows a row to its latest committed version, whatever the snapshot; a dropped index has no definition any more.
create or replace function pgtide._catalog_changed(i_table oid, i_root oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree as (
        select i_table as relation
        union
        select i_root
        union
        select i.inhparent from tree t join pg_inherits i on i.inhrelid = t.relation where t.relation <> i_root
    )
    select exists (select from tree t join pg_class c on c.oid = t.relation
                   join pg_namespace n on n.oid = c.relnamespace
                   where currtid2('pg_class', c.ctid) <> c.ctid or currtid2('pg_namespace', n.ctid) <> n.ctid)
        or exists (select from pg_attribute a
                   where a.attrelid in (i_table, i_root) and a.attnum > 0 and currtid2('pg_attribute', a.ctid) <> a.ctid)
        or exists (select from pg_index i
                   where i.indexrelid = pgtide._key_index(i_root)
                     and (currtid2('pg_index', i.ctid) <> i.ctid or pg_get_indexdef(i.indexrelid) is null));
$$;
