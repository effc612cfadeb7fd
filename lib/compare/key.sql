-- The columns of the best key that identifies a row; no row if there is no such key.
-- $1: the table's oid.
-- In psql: \bind 16384
select array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(attnum, nr)
               join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
              order by k.nr) as key
  from pg_catalog.pg_index i
 where i.indrelid = $1::int8::oid and i.indisunique and i.indimmediate and i.indisvalid
   and i.indpred is null and i.indexprs is null
   and not exists (select 1 from unnest(i.indkey::int2[]) k(attnum) join pg_catalog.pg_attribute a
                     on a.attrelid = i.indrelid and a.attnum = k.attnum where not a.attnotnull)
 order by i.indisprimary desc, i.indnatts, i.indexrelid limit 1;
