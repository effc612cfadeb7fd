-- pgtide._look_query(i_table, i_root, i_form)
--
-- The queries by which pgtide.capture_look reads rows of a table, maybe as its owner.
--
-- Arguments: i_table - the table that is read; i_root - the table that is replicated: i_table, or the partitioned table above it;
--            i_form - json or url (pgtide.event_form): how the values are written
-- Returns: text[], three queries: the row of one key, of many keys, and all rows. The parameter of the first two is a JSON array
--          of objects, the keys as capture writes them. Columns:
--              nr    the place in that array of the key that the row has; null for all rows
--              data  the row: for the form json as it is in an event; for url a JSON object of texts (see pgtide._url_expression)
-- Writes: nothing
--
-- Each key is looked up in the index, whatever the plan was made for. One key is constant when the query is planned, so the
-- partitions that cannot contain it are left out.
create or replace function pgtide._look_query(i_table oid, i_root oid, i_form text)
returns text[] language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array[
        format('select 1::bigint, row_to_json(r.*)::text from (select %s) k cross join lateral (select %s from %s t where %s limit 1) r',
            k.one, c.columns, i_table::regclass, k.match),
        format('select e.nr, row_to_json(r.*)::text from json_array_elements($1) with ordinality e (value, nr) cross join lateral (select %s) k'
            ' cross join lateral (select %s from %s t where %s limit 1) r',
            k.many, c.columns, i_table::regclass, k.match),
        format('select null::bigint, row_to_json(r.*)::text from (select %s from %s t) r', c.columns, i_table::regclass)]
    from (select pgtide.key_match(i_root, 't', 'k') as match,
                 string_agg(v.value, ', ' order by n.nr) filter (where s.source = '($1->0)') as one,
                 string_agg(v.value, ', ' order by n.nr) filter (where s.source = 'e.value') as many
          from unnest(pgtide.table_key(i_root)) with ordinality n (name, nr)
          join pg_attribute a on a.attrelid = i_root and a.attname = n.name
          cross join lateral (select format_type(pgtide._base_type(a.atttypid), -1) as type, pgtide._base_type(a.atttypid) >= 16384 as of_user) b
          cross join (values ('($1->0)'), ('e.value')) s (source)
          -- As its input function reads it: of a composite or an array there may be a cast from text.
          cross join lateral (select format(case when b.of_user
              then '(select v from json_to_record(json_build_object(''v'', %s->>%L)) v (v %s)) as %I' else '(%s->>%L)::%s as %I' end,
              s.source, n.name, b.type, n.name) as value) v) k
    cross join (
        select string_agg(format(case i_form when 'url' then 'case when %1$s is not distinct from null then null else concat(%1$s) end as %1$s'
                                 else '%2$s as %1$s' end, quote_ident(c.column_name), c.expression), ', ') as columns
        from pgtide._capture_columns(i_table) c) c;
$$;
