-- pgtide.is_readable(i_table) returns bool
--
-- Whether the caller may read all rows of the table, and runs no code of another role by that (pgtide.foreign_code). NULL: there is no such
-- table. Volatile: it reads what is committed now, whatever statement asks.
create or replace function pgtide.is_readable(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select has_table_privilege(i_table, 'SELECT') and not row_security_active(i_table) and pgtide.foreign_code(i_table) is null;
$$;
