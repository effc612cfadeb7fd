-- pgtide.column_generated(i_table, i_column) returns text
--
-- pg_attribute.attgenerated, which came with PostgreSQL 12; '' before, and where there is no such column. Where pg_attribute has no column of
-- that name, the name is the outer query's. Never by to_jsonb of the catalog's row: that has attmissingval, and calls the cast to json that the
-- owner of its type has made.
--   i_column  attnum
create or replace function pgtide.column_generated(i_table oid, i_column int2)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce((select attgenerated::text from pg_attribute a where a.attrelid = i_table and a.attnum = i_column), '')
    from (select ''::text as attgenerated) before_12;
$$;
