-- pgtide._column_names(i_table, i_columns)
--
-- Builds a list of column names for a statement.
--
-- Arguments: i_columns - attnums
-- Returns: text, the names, quoted, in the order of i_columns; null when there are none
-- Writes: nothing
create or replace function pgtide._column_names(i_table oid, i_columns int2[])
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(quote_ident(a.attname), ', ' order by c.nr)
    from unnest(i_columns) with ordinality c (attnum, nr)
    join pg_attribute a on a.attrelid = i_table and a.attnum = c.attnum;
$$;
