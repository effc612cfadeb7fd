-- pgtide.url_expression(i_table) returns text
--
-- The SQL expression over a table's bare columns that gives the row as pgq.logutriga writes it: name=value pairs, url-encoded, a
-- null without its '='. Values are what the types' output functions say, which concat calls: no cast that a user has defined.
-- IS NOT DISTINCT FROM NULL, because IS NULL is also true for a composite whose fields are all null.
create or replace function pgtide.url_expression(i_table oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(format('%L || case when %I is not distinct from null then '''' else ''='' || pgq._url_encode(concat(%2$I)) end',
                        case when a.nr > 1 then '&' else '' end || pgq._url_encode(a.name), a.name), ' || ' order by a.nr), quote_literal(''))
    from (select c.column_name as name, row_number() over () as nr from pgtide.capture_columns(i_table) c) a;
$$;
