-- Every type that a table's columns consist of.
-- $1: the table's oid.
-- In psql: \bind 16384
with recursive part(oid) as (
  select a.atttypid from pg_catalog.pg_attribute a
   where a.attrelid = $1::int8::oid and a.attnum > 0 and not a.attisdropped
  union
  select n.oid from part p join pg_catalog.pg_type t on t.oid = p.oid cross join lateral (
    select t.typbasetype where t.typtype = 'd'
    union all select t.typelem where t.typtype <> 'd' and t.typcategory = 'A' and t.typelem <> 0
    union all select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
    union all select a.atttypid from pg_catalog.pg_attribute a
               where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) n(oid))
select t.oid::int8 as oid, n.nspname as schema, t.typname as name, t.typtypmod as typmod, t.typoutput::regproc::text as output,
       case when t.typtype = 'd' then 'domain' when t.typcategory = 'A' and t.typelem <> 0 then 'array'
            when t.typtype = 'e' then 'enum' when t.typtype = 'c' then 'composite'
            when t.typtype = 'r' then 'range' when t.typtype = 'b' then 'base' else 'other' end as kind,
       case when t.typtype = 'd' then t.typbasetype when t.typcategory = 'A' and t.typelem <> 0 then t.typelem
            else (select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid) end::int8 as of,
       (select json_agg(json_build_object('name', a.attname, 'type', a.atttypid::text) order by a.attnum)
          from pg_catalog.pg_attribute a
         where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as fields
  from part join pg_catalog.pg_type t on t.oid = part.oid join pg_catalog.pg_namespace n on n.oid = t.typnamespace;
