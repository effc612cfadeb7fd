-- pgtide._capture_columns(i_table)
--
-- How each column of a table is written into an event.
--
-- Returns: table (column_name, expression, settles), in order of the columns; virtual generated columns are left out: they are
--          not stored
--              expression  SQL over the bare column that gives jsontriga's JSON form under row_to_json: booleans, integers and date types raw
--                          (row_to_json writes ISO dates whatever DateStyle is), everything else its text output
--              settles     whether that text does not depend on any setting of the session
-- Writes: nothing
--
-- The expressions call functions of PostgreSQL itself and output functions, and no cast, which a type's owner may have defined.
--
-- Types are looked up one by one (offset 0): each table brings two of them, and a scan of all types would make a table's cost
-- depend on the other tables.
--
-- Rejected: row_to_json of the bare row. It loses the difference between a json null and SQL's, the bounds of arrays, the key
-- order of a type's own json cast, and, for readers that parse numbers as floats, the digits of numerics.
create or replace function pgtide._capture_columns(i_table oid)
returns table (column_name text, expression text, settles bool) language plpgsql stable rows 10
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select a.attname::text,
               case
                   when t.oid::regtype in ('bool', 'int2', 'int4', 'int8', 'date', 'timestamp', 'timestamptz')
                       then format('%I', a.attname)
                   when t.is_array or t.typtype = 'c' or t.oid >= 16384
                       then pgtide._type_text(quote_ident(a.attname), a.atttypid)
                   when t.oid::regtype in ('numeric', 'float4', 'float8', 'json', 'jsonb') then format('%I::text', a.attname)
                   else format('%I', a.attname)
               end,
               t.oid::regtype in ('date', 'timestamp', 'timestamptz') or e.typtype = 'e'
                   or e.oid::regtype in ('bool', 'int2', 'int4', 'int8', 'text', 'varchar', 'bpchar',
                                         'name', 'numeric', 'uuid', 'json', 'jsonb', 'inet', 'cidr', 'macaddr', 'time', 'timetz')
        from pg_attribute a
        cross join lateral (
            select y.oid, y.typtype, y.typelem, y.typelem <> 0 and y.typlen = -1 and y.typcategory = 'A' as is_array
            from pg_type y where y.oid = pgtide._base_type(a.atttypid) offset 0) t
        cross join lateral (
            select y.oid, y.typtype from pg_type y where y.oid = case when t.is_array then t.typelem else t.oid end offset 0) e
        where a.attrelid = (select i_table) and a.attnum > 0 and not a.attisdropped
          and pgtide.column_generated(a.attrelid, a.attnum) <> 'v'
        order by a.attnum;
end;
$$;
