-- pgtide.table_key(i_table)
--
-- The columns that identify a row, in index order: those of the primary key, otherwise those of the unique index with the fewest
-- columns that is valid, immediate, whole (no predicate, no expression) and on columns that are never null.
--
-- Returns: text[]; empty if the table has no such key
-- Writes: nothing
create or replace function pgtide.table_key(i_table oid)
returns text[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select array(
            select a.attname::text
            from pg_index i
            cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, nr)
            cross join lateral (select t.attname from pg_attribute t where t.attrelid = i.indrelid and t.attnum = k.attnum offset 0) a
            where i.indexrelid = (select pgtide._key_index(i_table))
              and k.nr <= coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts)
            order by k.nr));
end;
$$;
