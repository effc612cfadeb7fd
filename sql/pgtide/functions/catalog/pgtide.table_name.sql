-- pgtide.table_name(i_table)
--
-- The name of a table in queues.
--
-- Returns: text, schema.table, unquoted; null if there is no such table
-- Writes: nothing
create or replace function pgtide.table_name(i_table oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table);
end;
$$;
