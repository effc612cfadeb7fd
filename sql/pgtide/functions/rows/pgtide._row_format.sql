-- pgtide._row_format(i_table, i_columns, i_key, i_version)
--
-- On the subscriber: whether the provider's rows of a table can be taken as rows, and by which columns (pgtide.stage_rows).
--
-- Arguments: i_columns - the provider's, [{"name", "type"}..]; i_key - the names of the key's columns, [..]; i_version - the provider's
--            version number
-- Returns: fits; then, for the columns that are not generated here: sent, the numbers of the provider's; whole, those of them that are sent
--          of deleted rows, too; taken, the stage's column list; definitions, the stage's columns, with the types that the provider has
--          stored; names, a JSON object with the names of all columns as keys; table_columns, the table's column list, null if
--          columns here have other types than those that the provider has stored
-- Writes: nothing
--
-- Rows are sent in the binary format, so they do not fit if
--   a column is not here, or the key is generated here
--   a column has another type here: except wider numbers, and types to which pgtide._text_as turns a text (the provider has stored
--     users' types as text)
--   the binary form of the type may mean another value in the other version. That of the types in c_stable, and of arrays of these, is the
--     same in all versions. An interval has infinity since version 17; before, the same bytes are another value. Other types are only
--     sent between servers of one version, and money, which depends on the server's locale, never
--   a column has a type with code of users, and the table is another owner's (pgtide.table_runner)
create or replace function pgtide._row_format(i_table oid, i_columns jsonb, i_key jsonb, i_version int,
    out fits bool, out sent int[], out whole int[], out taken text, out definitions text, out names text, out table_columns text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c_stable constant regtype[] := array['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'bpchar', 'bytea', 'name',
        'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'uuid', 'json', 'jsonb', '"char"', 'oid', 'inet', 'cidr', 'macaddr', 'bit', 'varbit',
        'point', 'box', 'lseg', 'line', 'path', 'polygon', 'circle'];
    c_wider constant jsonb := '{"smallint": ["integer", "bigint", "numeric"], "integer": ["bigint", "numeric"], "bigint": ["numeric"],
        "character varying": ["text"]}';
    v_here constant int := current_setting('server_version_num')::int;
    v_foreign constant bool := pgtide.foreign_owners(i_table) <> '{}';
begin
    select bool_and(c.attnum is not null and (c.given or not jsonb_exists(i_key, c.name))
               and (c.shown = c.type or coalesce(jsonb_exists(c_wider->c.type, c.shown), false) or c.type = 'text' and pgtide._input_is_safe(c.base))
               and (c.element = any (c_stable) or c.element = 'interval'::regtype and (i_version >= 170000) = (v_here >= 170000)
                    or c.element <> all (array['money', 'interval']::regtype[]) and i_version / 10000 = v_here / 10000)
               and not (v_foreign and (c.base >= 16384 or c.base <> c.atttypid))),
           array_agg(c.nr::int order by c.nr) filter (where c.given),
           array_agg(c.nr::int order by c.nr) filter (where c.given and jsonb_exists(i_key, c.name)),
           string_agg('c' || c.attnum, ', ' order by c.nr) filter (where c.given),
           string_agg(format('c%s %s', c.attnum, c.type), ', ' order by c.nr) filter (where c.given),
           json_object_agg(c.name, null)::text,
           case when bool_and(c.shown = c.type) then string_agg(quote_ident(c.name), ', ' order by c.nr) filter (where c.given) end
    into fits, sent, whole, taken, definitions, names, table_columns
    from (select x.nr, x.item->>'name' as name, x.item->>'type' as type, a.attnum, a.atttypid, b.oid as base, format_type(b.oid, -1) as shown,
                 pgtide.column_generated(i_table, a.attnum) = '' as given,
                 coalesce(nullif(y.typelem, 0), y.oid)::regtype as element
          from jsonb_array_elements(i_columns) with ordinality x (item, nr)
          left join pg_attribute a on a.attrelid = i_table and a.attname = x.item->>'name' and a.attnum > 0 and not a.attisdropped
          left join lateral pgtide._base_type(a.atttypid) b (oid) on true
          left join lateral (select t.oid, case when t.typcategory = 'A' and t.typlen = -1 then t.typelem end as typelem
                             from pg_type t where t.oid = to_regtype(x.item->>'type') and t.oid < 16384 offset 0) y on true) c;
    fits := coalesce(fits, false);
end;
$$;
