-- pgtide.is_readable(i_table)
--
-- Returns whether this role may read all rows of the table: it has the right to, and no policy of row security hides any.
--
-- Returns: bool; null when there is no such table
-- Writes: nothing
create or replace function pgtide.is_readable(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select has_table_privilege(i_table, 'SELECT') and not row_security_active(i_table);
$$;
