-- pgtide.look_query(i_table, i_root, i_form, i_whole) returns text
--
-- The query that reads rows of a table as its owner, for pgtide.capture_look.
--   i_table  the table that is read
--   i_root   the table that is replicated: i_table, or the partitioned table above it
--   i_form   json or url (pgtide.event_form): how the values are written
--   i_whole  true: all rows; false: those of keys. Its parameter is a JSON array of objects then, the keys as capture writes them
-- Its columns:
--   nr    the place in that array of the key that the row has
--   data  the row: for the form json as it is in an event; for url a JSON object of texts (see pgtide.url_expression)
-- Each key is looked up in the index, whatever the plan was made for.
create or replace function pgtide.look_query(i_table oid, i_root oid, i_form text, i_whole bool)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_whole then format('select null::bigint, row_to_json(r.*)::text from (select %s from %s t) r', c.columns, i_table::regclass)
        else format('select k."pgtide nr", row_to_json(r.*)::text'
            ' from rows from (json_to_recordset($1) as (%s)) with ordinality k (%s, "pgtide nr")'
            ' cross join lateral (select %s from %s t where %s limit 1) r',
            k.types, k.names, c.columns, i_table::regclass, pgtide.key_match(i_root, 't', 'k')) end
    from (select string_agg(format('%I %s', a.attname, format_type(pgtide.base_type(a.atttypid), -1)), ', ' order by n.nr) as types,
                 string_agg(quote_ident(a.attname), ', ' order by n.nr) as names
          from unnest(pgtide.table_key(i_root)) with ordinality n (name, nr)
          join pg_attribute a on a.attrelid = i_root and a.attname = n.name) k
    cross join (
        select string_agg(format(case i_form when 'url' then 'case when %1$s is not distinct from null then null else concat(%1$s) end' else '%2$s' end
                          || ' as %1$s', quote_ident(c.column_name), c.expression), ', ') as columns
        from pgtide.capture_columns(i_table) c) c;
$$;
