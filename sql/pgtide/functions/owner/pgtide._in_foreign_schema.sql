-- pgtide._in_foreign_schema(i_table)
--
-- Whether a table's schema belongs to another role, which is not a superuser. That role can rename the schema, and drop the table.
--
-- Returns: bool; null if the table is not there
-- Writes: nothing
create or replace function pgtide._in_foreign_schema(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select not r.rolsuper and r.rolname <> current_user
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_roles o on o.oid = n.nspowner
    join pg_database d on d.datname = current_database()
    join pg_roles r on r.oid = case when o.rolname = 'pg_database_owner' then d.datdba else n.nspowner end
    where c.oid = i_table;
$$;
