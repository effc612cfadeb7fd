-- pgtide.column_generated(i_table, i_column)
--
-- pg_attribute.attgenerated, which came with PostgreSQL 12.
--
-- Arguments: i_column - attnum
-- Returns: text; '' before PostgreSQL 12, and if there is no such column
-- Writes: nothing
--
-- If pg_attribute has no column of that name, the name is the outer query's. The value is never read by to_jsonb of the catalog's
-- row: that contains attmissingval, and would call the cast to json that the owner of its type has defined.
create or replace function pgtide.column_generated(i_table oid, i_column int2)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce((select attgenerated::text from pg_attribute a where a.attrelid = i_table and a.attnum = i_column), '')
    from (select ''::text as attgenerated) before_12;
$$;
