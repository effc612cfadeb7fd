-- pgtide.capture_columns(i_table) returns table (column_name, expression, settles)
--
-- How each column of a table is written into an event. In order of the columns:
--   column_name  its name
--   expression   SQL over the bare column that gives jsontriga's JSON form under row_to_json: booleans, integers and
--                date types raw (row_to_json writes ISO dates whatever DateStyle says), everything else its text output.
--                It calls what PostgreSQL itself brought and output functions, and no cast, which a type's owner may have made
--   settles      true when that text does not depend on any setting of the session
-- Virtual generated columns are left out: they are not stored.
-- Rejected: row_to_json of the bare row. It loses the difference between a json null and SQL's, the bounds of arrays,
-- the key order of a type's own json cast, and, for readers that parse numbers as floats, the digits of numerics.
create or replace function pgtide.capture_columns(i_table oid)
returns table (column_name text, expression text, settles bool) language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        with recursive base as (
            select a.attnum, a.attname::text as name, a.atttypid as declared, a.atttypid as typid
            from pg_attribute a
            where a.attrelid = i_table and a.attnum > 0 and not a.attisdropped
              and pgtide.column_generated(a.attrelid, a.attnum) <> 'v'
            union all
            select b.attnum, b.name, b.declared, t.typbasetype
            from base b join pg_type t on t.oid = b.typid
            where t.typtype = 'd'
        ), resolved as (
            select b.attnum, b.name, b.declared, t.oid, t.typtype,
                   t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A' as is_array,
                   coalesce(e.oid, t.oid) as element
            from base b
            join pg_type t on t.oid = b.typid and t.typtype <> 'd'
            left join pg_type e on e.oid = t.typelem and t.typcategory = 'A' and t.typlen = -1
        )
        select r.name,
               case
                   when r.oid::regtype in ('bool', 'int2', 'int4', 'int8', 'date', 'timestamp', 'timestamptz')
                       then format('%I', r.name)
                   when r.is_array or r.typtype = 'c' or r.oid >= 16384
                       then pgtide.type_text(quote_ident(r.name), r.declared)
                   when r.oid::regtype in ('numeric', 'float4', 'float8', 'json', 'jsonb') then format('%I::text', r.name)
                   else format('%I', r.name)
               end,
               case
                   when r.oid::regtype in ('date', 'timestamp', 'timestamptz') then true
                   else exists (
                       select from pg_type s
                       where s.oid = r.element
                         and (s.typtype = 'e' or s.oid::regtype in ('bool', 'int2', 'int4', 'int8', 'text', 'varchar', 'bpchar',
                              'name', 'numeric', 'uuid', 'json', 'jsonb', 'inet', 'cidr', 'macaddr', 'time', 'timetz')))
               end
        from resolved r
        order by r.attnum;
end;
$$;
