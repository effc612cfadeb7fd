-- pgtide._columns_mark(i_table)
--
-- A digest of the identity and the columns of a table. It changes with each change of one.
--
-- Returns: text
-- Writes: nothing
create or replace function pgtide._columns_mark(i_table oid)
returns text language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select md5(concat_ws(' ', i_table, array(select a.xmin from pg_attribute a where a.attrelid = i_table and a.attnum > 0 order by a.attnum)::text));
$$;
