-- pgtide.table_tree(i_table) returns setof oid
--
-- The table itself, and all partitions below it.
create or replace function pgtide.table_tree(i_table oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree as (
        select i_table as relation
        union all
        select i.inhrelid
        from tree t
        join pg_class p on p.oid = t.relation and p.relkind = 'p'
        join pg_inherits i on i.inhparent = t.relation
        join pg_class c on c.oid = i.inhrelid and c.relkind in ('r', 'p')
    )
    select relation from tree;
$$;
