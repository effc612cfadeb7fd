-- pgtide.column_type(i_table, i_column) returns text
--
-- The type of a column as SQL, with its modifier; NULL when there is no such column.
create or replace function pgtide.column_type(i_table oid, i_column text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format_type(a.atttypid, a.atttypmod) from pg_attribute a
    where a.attrelid = i_table and a.attname = i_column and a.attnum > 0 and not a.attisdropped;
$$;
