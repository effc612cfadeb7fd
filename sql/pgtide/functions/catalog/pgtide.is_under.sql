-- pgtide.is_under(i_table, i_root)
--
-- Returns whether a table is i_root itself, or is now a partition below it, at any level.
--
-- Returns: bool
-- Writes: nothing
--
-- Volatile: it reads what is committed now, whatever statement asks.
create or replace function pgtide.is_under(i_table oid, i_root oid)
returns bool language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        with recursive tree as (
            select i_table as relation
            union all
            select i.inhparent
            from tree t
            join pg_class c on c.oid = t.relation and c.relispartition
            join pg_inherits i on i.inhrelid = t.relation
        )
        select exists (select from tree where relation = i_root));
end;
$$;
