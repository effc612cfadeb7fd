-- pgtide.table_tree(i_table)
--
-- The table itself, first, and all partitions below it, except for foreign tables.
--
-- Returns: setof oid
-- Writes: nothing
--
-- In PL/pgSQL, which keeps the query's plan: it is called for each table of a queue.
create or replace function pgtide.table_tree(i_table oid)
returns setof oid language plpgsql stable rows 2
set search_path = pg_catalog, pg_temp
as $$
begin
    return next i_table;
    if (select c.relkind = 'p' from pg_class c where c.oid = i_table) then
        return query
            with recursive below as (
                select i.inhrelid as relation from pg_inherits i where i.inhparent = i_table
                union all
                select i.inhrelid
                from below b
                join pg_class p on p.oid = b.relation and p.relkind = 'p'
                join pg_inherits i on i.inhparent = b.relation
            )
            select b.relation from below b join pg_class c on c.oid = b.relation and c.relkind in ('r', 'p');
    end if;
end;
$$;
