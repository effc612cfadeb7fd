-- pgtide._collate_clause(i_collation, i_column, i_type)
--
-- The COLLATE clause for a value that is compared with a column under a collation.
--
-- Arguments: i_collation - the one to compare under: pg_attribute.attcollation, or one of pg_index.indcollation; 0: the type has
--            none; i_column - pg_attribute.attcollation; i_type - the value's type
-- Returns: text, " collate NAME"; empty if all of them have the default collation, or none
-- Writes: nothing
--
-- It is written explicitly because a domain has its own collation, and an index may have another one than its column: between
-- two, PostgreSQL does not choose, and fails.
create or replace function pgtide._collate_clause(i_collation oid, i_column oid, i_type oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce((
            select format(' collate %I.%I', n.nspname, c.collname)
            from pg_collation c
            join pg_namespace n on n.oid = c.collnamespace
            join pg_type t on t.oid = i_type
            where c.oid = i_collation and (c.collname <> 'default' or t.typcollation <> i_collation or i_column <> i_collation)), ''));
end;
$$;
