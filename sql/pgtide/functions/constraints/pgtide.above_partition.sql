-- pgtide.above_partition(i_relations)
--
-- Adds to relations the partitioned tables that they are partitions of.
--
-- Returns: oid[]; empty when i_relations is
-- Writes: nothing
create or replace function pgtide.above_partition(i_relations oid[])
returns oid[] language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive above as (
        select r as relation from unnest(i_relations) r
        union
        select i.inhparent from above a join pg_inherits i on i.inhrelid = a.relation join pg_class c on c.oid = a.relation and c.relispartition
    )
    select coalesce(array_agg(a.relation), '{}') from above a;
$$;
