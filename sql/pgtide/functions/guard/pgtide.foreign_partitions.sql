-- pgtide.foreign_partitions(i_table) returns text[]
--
-- The foreign tables among the partitions of a table and of those below it, by their names in queues.
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
