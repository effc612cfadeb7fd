-- Policies of relations, with the roles that they are for.
-- $1: oids of relations.
-- In psql: \bind '{16384}'
select p.polrelid as table, p.polname::text as name, p.polpermissive as permissive,
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
       0 = any (p.polroles) as public,
       array(select r.rolname::text from pg_roles r where r.oid = any (p.polroles) order by 1) as roles,
       pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check,
       (select coalesce(jsonb_agg(distinct jsonb_build_object(
                 'what', pg_describe_object(d.refclassid, d.refobjid, 0),
                 'kind', case when f.oid is not null then 'function' when t.oid is not null then 'type' else 'relation' end,
                 'name', coalesce(f.oid::regprocedure::text, tn.nspname || '.' || t.typname, cn.nspname || '.' || c.relname))), '[]')
          from pg_depend d
          left join pg_proc f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid
          left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
          left join pg_namespace tn on tn.oid = t.typnamespace
          left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
          left join pg_namespace cn on cn.oid = c.relnamespace
         where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refobjid >= 16384
           and coalesce(f.oid, t.oid, c.oid) <> p.polrelid) as needs,
       obj_description(p.oid, 'pg_policy') as comment
  from pg_policy p
 where p.polrelid = any ($1::oid[])
 order by p.polrelid, p.polname;
