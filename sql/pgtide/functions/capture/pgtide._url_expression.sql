-- pgtide._url_expression(i_table [, i_json])
--
-- The SQL expression that gives a row as pgq.logutriga writes it: name=value pairs, url-encoded, a null without its '='.
--
-- Arguments: i_json - an SQL expression that is a JSON object of the columns' texts; null: the expression is over the table's
--            bare columns
-- Returns: text
-- Writes: nothing
--
-- Values are written by the types' output functions, which concat calls, and by no cast that a user has defined. IS NOT DISTINCT
-- FROM NULL, because IS NULL is also true for a composite whose fields are all null.
create or replace function pgtide._url_expression(i_table oid, i_json text default null)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(format('%L || case when %s is not distinct from null then '''' else ''='' || pgq._url_encode(concat(%2$s)) end',
                        case when a.nr > 1 then '&' else '' end || pgq._url_encode(a.name), a.value), ' || ' order by a.nr), quote_literal(''))
    from (select c.column_name as name, coalesce(i_json || format('->>%L', c.column_name), quote_ident(c.column_name)) as value,
                 row_number() over () as nr
          from pgtide._capture_columns(i_table) c) a;
$$;
