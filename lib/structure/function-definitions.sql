-- Definitions of functions, for their creation on another server.
-- $1: oids of functions.
-- In psql: \bind '{16384}'
select p.oid, n.nspname::text as schema, p.oid::regprocedure::text as signature, pg_get_functiondef(p.oid) as definition,
       (select r.rolname::text from pg_roles r where r.oid = p.proowner and not r.rolsuper and r.rolname <> current_user) as owner,
       p.proacl is not null and not exists (
         select from aclexplode(p.proacl) a where a.grantee = 0 and a.privilege_type = 'EXECUTE') as closed,
       types.oids as types,
       array(select distinct cn.nspname || '.' || c.relname
               from pg_type t join pg_type e on e.oid in (t.oid, t.typelem)
               join pg_class c on c.oid = e.typrelid and c.relkind <> 'c'
               join pg_namespace cn on cn.oid = c.relnamespace
              where t.oid = any (types.oids) order by 1) as "rowsOf"
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  cross join lateral (
    select array_agg(distinct t) as oids
      from unnest(p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype) t) types
 where p.oid = any ($1::oid[]);
