-- pgtide.is_readable(i_table) returns bool
--
-- Whether the caller may read all rows of the table. NULL: there is no such table.
create or replace function pgtide.is_readable(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select has_table_privilege(i_table, 'SELECT') and not row_security_active(i_table);
$$;
