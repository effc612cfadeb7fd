-- Facts about tables beside their structure, in the order of their names. Names of missing tables are skipped.
-- An owner is named only if this role is not a member of it and it is not a superuser,
-- as by nonMemberOf in foreign-owners.ts.
-- $1: names (`schema.table`); $2: the privileges that this role needs.
-- In psql: \bind '{public.orders}' '{SELECT,TRIGGER}'
select w.name, n.nspname::text as schema, c.relname::text as "table", current_user::text as role,
       c.relpersistence = 'u' as unlogged,
       row_security_active(c.oid) as "rowSecurity",
       has_schema_privilege(n.oid, 'USAGE') as "schemaUsage",
       case when has_schema_privilege(c.relowner, n.oid, 'USAGE') then (
         select o.rolname::text from pg_roles o
          where o.oid = c.relowner and not o.rolsuper and not pg_has_role(o.oid, 'MEMBER')) end as "schemaThrough",
       array(select rn.nspname || '.' || r.relname
               from pg_inherits i
               join pg_class r on r.oid = case i.inhrelid when c.oid then i.inhparent else i.inhrelid end
               join pg_namespace rn on rn.oid = r.relnamespace
               join pg_class child on child.oid = i.inhrelid
              where c.oid in (i.inhrelid, i.inhparent) and not child.relispartition
              order by 1) as relatives,
       case when c.relkind = 'p' then pgtide.foreign_partitions(c.oid) else '{}' end as "foreignPartitions",
       (select coalesce(jsonb_agg(jsonb_build_object('schema', m.nspname, 'table', m.relname, 'privileges', m.privileges,
                                                     'owner', m.owner) order by m.nspname, m.relname), '[]')
          from (select tn.nspname, t.relname, jsonb_agg(p order by p) as privileges,
                       (select o.rolname::text from pg_roles o
                         where o.oid = t.relowner and not o.rolsuper and not pg_has_role(o.oid, 'MEMBER')) as owner
                  from pgtide.table_tree(c.oid) r (relation)
                  join pg_class t on t.oid = r.relation
                  join pg_namespace tn on tn.oid = t.relnamespace
                  cross join unnest($2::text[]) p
                 where not has_table_privilege(t.oid, p)
                 group by 1, 2, t.relowner) m) as missing
  from unnest($1::text[]) with ordinality as w (name, position)
  join pg_class c on c.oid = londiste.find_table_oid(w.name)
  join pg_namespace n on n.oid = c.relnamespace
 order by w.position;
