-- A table with its estimated number of rows. Partitions count as part of their parent.
-- A table that was never analyzed is estimated at 100 bytes a row.
-- $1: the table's oid.
-- In psql: \bind 16384
with recursive tree(oid) as (
  select $1::int8::oid
  union all
  select i.inhrelid from tree t join pg_catalog.pg_class p on p.oid = t.oid and p.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = t.oid)
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind = 'p' as partitioned,
       (select sum(case when l.reltuples > 0 then l.reltuples::float8
                        else pg_catalog.pg_relation_size(l.oid) / 100.0 end)
          from tree join pg_catalog.pg_class l on l.oid = tree.oid)::float8 as rows_estimate
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.oid = $1::int8::oid and c.relkind in ('r', 'p');
