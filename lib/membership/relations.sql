-- All relations outside the system's schemas, by name, except temporary tables.
-- $1: other schemas to skip.
-- In psql: \bind '{pgq,pgtide}'
select c.oid::int8::float8 as oid, n.nspname || '.' || c.relname as name,
       case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
            when 'm' then 'materialized view' when 'f' then 'foreign table' else 'sequence' end as kind,
       (select pn.nspname || '.' || p.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class p on p.oid = i.inhparent
          join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
         where i.inhrelid = c.oid and c.relispartition limit 1) as "partitionOf",
       exists (select from pg_catalog.pg_depend d
                where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
                  and d.deptype = 'e') as "ofExtension"
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> all ($1::text[])
 order by 2;
