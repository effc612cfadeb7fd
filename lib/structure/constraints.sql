-- Checks and foreign keys of relations.
-- $1: oids of relations.
-- In psql: \bind '{16384}'
select k.conrelid as table, k.conname::text as name, k.contype::text as type, pg_get_constraintdef(k.oid) as definition,
       k.convalidated as validated, coalesce((to_jsonb(k)->>'conenforced')::bool, true) as enforced,
       coalesce((to_jsonb(k)->>'conperiod')::bool, false) as period,
       to_jsonb(k)->>'confdelsetcols' is not null as "setsSomeColumns",
       coalesce((to_jsonb(k)->>'conparentid')::oid, 0) <> 0 as inherited,
       case when k.confrelid <> 0 then (
         select jsonb_build_object('schema', n.nspname, 'name', c.relname, 'kind', c.relkind)
           from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = k.confrelid) end as references,
       obj_description(k.oid, 'pg_constraint') as comment
  from pg_constraint k
 where k.conrelid = any ($1::oid[]) and k.contype in ('c', 'f')
 order by k.conrelid, k.contype, k.conname;
