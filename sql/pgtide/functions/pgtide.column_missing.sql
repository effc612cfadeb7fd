-- pgtide.column_missing(i_table, i_column) returns text
--
-- The value that rows from before a column was added have in it, as the text of an array of one, where the table was not rewritten
-- for it (PostgreSQL 11 up); NULL: there is none. See pgtide.column_generated.
--   i_column  attnum
create or replace function pgtide.column_missing(i_table oid, i_column int2)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select (select attmissingval::text from pg_attribute a where a.attrelid = i_table and a.attnum = i_column)
    from (select null::text as attmissingval) before_11;
$$;
