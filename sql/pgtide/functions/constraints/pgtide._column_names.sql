-- pgtide._column_names(i_table, i_columns) returns text
--
-- The names of columns, quoted, in the order of their numbers in i_columns: for a list in a statement.
create or replace function pgtide._column_names(i_table oid, i_columns int2[])
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(quote_ident(a.attname), ', ' order by c.nr)
    from unnest(i_columns) with ordinality c (attnum, nr)
    join pg_attribute a on a.attrelid = i_table and a.attnum = c.attnum;
$$;
