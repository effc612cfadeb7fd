-- pgtide._key_index(i_table)
--
-- The index of pgtide.table_key.
--
-- Returns: oid; null if the table has no key
-- Writes: nothing
--
-- The parameter stands in a sub-select, here and in what builds on this, so that a plan for one call alone never looks cheaper
-- than the plan that is kept.
create or replace function pgtide._key_index(i_table oid)
returns oid language plpgsql stable
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
    return (
        select i.indexrelid
        from pg_index i
        where i.indrelid = (select i_table)
          and i.indisunique and i.indisvalid
          and (i.indisprimary or i.indimmediate)
          and i.indpred is null and i.indexprs is null
          and not exists (
              select from unnest(i.indkey::int2[]) as k (attnum)
              join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
              where not a.attnotnull)
        order by i.indisprimary desc, i.indnatts, i.indexrelid
        limit 1);
end;
$$;
