-- pgtide.table_name(i_table) returns text
--
-- schema.table, unquoted: the name of a table in queues. NULL when there is no such table.
create or replace function pgtide.table_name(i_table oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table);
end;
$$;
