-- pgtide.foreign_partitions(i_table)
--
-- Lists the foreign tables among the partitions of a table, at every level.
--
-- Returns: text[], their names in queues (pgtide.table_name), sorted; empty if there are none
-- Writes: nothing
create or replace function pgtide.foreign_partitions(i_table oid)
returns text[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select array(
            select pgtide.table_name(c.oid)
            from pgtide.table_tree(i_table) t (relation)
            join pg_class p on p.oid = t.relation and p.relkind = 'p'
            join pg_inherits i on i.inhparent = t.relation
            join pg_class c on c.oid = i.inhrelid and c.relkind = 'f'
            order by 1));
end;
$$;
