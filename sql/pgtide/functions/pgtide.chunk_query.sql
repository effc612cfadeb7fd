-- pgtide.chunk_query(i_table, i_columns, i_lower, i_upper) returns (query, columns)
--
-- On the provider: the SELECT of a chunk's rows, for COPY, over those of i_columns that the table has; columns names them in the
-- query's order. i_lower is inside the chunk, i_upper outside; NULL: unbounded. No row when the table is not there.
create or replace function pgtide.chunk_query(i_table text, i_columns text[], i_lower text[], i_upper text[])
returns table (query text, columns text[]) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('select %s from %s%s', coalesce(string_agg(quote_ident(c.name), ', ' order by c.nr), ''), t.oid::regclass,
               coalesce(' where ' || nullif(concat_ws(' and ',
                   pgtide.key_bound(t.oid, '>=', i_lower), pgtide.key_bound(t.oid, '<', i_upper)), ''), '')),
           coalesce(array_agg(c.name order by c.nr) filter (where c.name is not null), '{}')
    from (select londiste.find_table_oid(i_table) as oid) t
    left join lateral unnest(i_columns) with ordinality c (name, nr) on pgtide.column_type(t.oid, c.name) is not null
    where t.oid is not null
    group by t.oid;
$$;
