-- pgtide.chunk_query(i_table, i_columns, i_others, i_lower, i_upper, i_reader)
--
-- On the provider: builds the SELECT of the rows of a chunk, for COPY.
--
-- Arguments: i_columns - the columns that the subscriber can write; i_others - the columns that it has and generates itself;
--            i_lower, i_upper - the first key in the chunk, and the first that is not, null: unbounded; i_reader - as
--            pgtide.table_reader returns it
-- Returns: query; columns, those of the query in its order, that is, those of i_columns that the table has; missing, the
--          table's columns that are in neither list. No row when the table is not there
-- Writes: nothing
--
-- A virtual column is treated as if it were not there: events do not carry it either.
create or replace function pgtide.chunk_query(i_table oid, i_columns text[], i_others text[], i_lower text[], i_upper text[], i_reader text)
returns table (query text, columns text[], missing text[]) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_reader is null then format('select %s from %s', q.names, q.rows)
                -- A table that has none of these columns still has rows.
                else format('select %s from %s(%L) as r (%s)', q.names, i_reader, format('select %s from %s', coalesce(nullif(q.names, ''), 'true'), q.rows),
                            coalesce(q.types, 'nothing bool')) end,
           q.columns, q.missing
    from (
        select coalesce(string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.sent), '') as names,
               t.oid::regclass || coalesce(' where ' || nullif(concat_ws(' and ',
                   pgtide._key_bound(t.oid, '>=', i_lower), pgtide._key_bound(t.oid, '<', i_upper)), ''), '') as rows,
               string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum) filter (where a.sent) as types,
               coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.sent), '{}') as columns,
               coalesce(array_agg(a.attname::text order by a.attnum)
                            filter (where a.attname is not null and not a.sent and a.attname <> all (i_others)), '{}') as missing
        from (select c.oid from pg_class c where c.oid = i_table) t
        left join lateral (
            select c.attname, c.attnum, c.atttypid, c.atttypmod, c.attname = any (i_columns) as sent
            from pg_attribute c
            where c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped and pgtide.column_generated(c.attrelid, c.attnum) <> 'v') a on true
        group by t.oid) q;
$$;
