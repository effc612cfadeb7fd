-- Tables and functions of a schema that this role owns and that should belong to the schema's owner, as ALTER names them.
-- $1: the schema; $2: signatures of functions that are listed in any case; $3: oids of other tables and functions to skip.
-- In psql: \bind pgtide '{}' '{}'
select m.object, pg_catalog.pg_get_userbyid(n.nspowner)::text as owner
  from pg_catalog.pg_namespace n
  cross join lateral (
    select 'function ' || p.oid::pg_catalog.regprocedure as object, p.proowner as owner
      from pg_catalog.pg_proc p
     where p.pronamespace = n.oid and (p.oid::pg_catalog.regprocedure::text = any ($2) or p.oid <> all ($3))
    union all
    select 'table ' || c.oid::pg_catalog.regclass, c.relowner
      from pg_catalog.pg_class c
     where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v') and c.oid <> all ($3)) m
 where n.nspname = $1 and m.owner <> n.nspowner and pg_catalog.pg_get_userbyid(m.owner) = current_user;
