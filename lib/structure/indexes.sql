-- Indexes of relations, best key first, in the order of pgtide.table_key.
-- $1: oids of relations.
-- In psql: \bind '{16384}'
select i.indrelid as table, c.relname::text as name, pg_get_indexdef(i.indexrelid) as definition,
       format('CREATE %sINDEX %I ON ', case when i.indisunique then 'UNIQUE ' else '' end, c.relname) as head,
       k.conname::text as constraint, coalesce(k.contype::text, '') as type, pg_get_constraintdef(k.oid) as "constraintDefinition",
       i.indisunique as unique, i.indisprimary as primary, i.indisvalid as valid,
       i.indimmediate as immediate, i.indpred is null and i.indexprs is null as whole,
       exists (select from pg_inherits h where h.inhrelid = i.indexrelid) as inherited,
       coalesce(columns.included, false) as including,
       coalesce((to_jsonb(i)->>'indnullsnotdistinct')::bool, false) as "nullsNotDistinct",
       coalesce((to_jsonb(k)->>'conperiod')::bool, false) as period,
       columns.names as columns, coalesce(columns.nullable, false) as nullable,
       obj_description(i.indexrelid, 'pg_class') as comment, obj_description(k.oid, 'pg_constraint') as "constraintComment"
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
  cross join lateral (
    select array_agg(a.attname::text order by p.nr) filter (where p.nr <= keys.n) as names,
           bool_or(p.nr > keys.n) as included, bool_or(not a.attnotnull) as nullable
      from (select coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts) as n) keys,
           unnest(i.indkey::int2[]) with ordinality as p (attnum, nr)
      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = p.attnum) columns
 where i.indrelid = any ($1::oid[])
 order by i.indrelid, i.indisprimary desc, i.indnatts, i.indexrelid;
