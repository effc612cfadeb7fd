-- Facts about the server on which tables will be created.
select current_setting('server_version_num')::int / 10000 as version,
       current_user::text as role, current_database()::text as database,
       has_database_privilege(current_database(), 'CREATE') as "mayCreateSchemas",
       (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as "seesAllRows",
       (select jsonb_agg(rolname) from pg_roles) as roles,
       (select jsonb_agg(nspname) from pg_namespace) as schemas,
       (select coalesce(jsonb_agg(nspname), '[]') from pg_namespace where has_schema_privilege(oid, 'CREATE')) as "openSchemas",
       (select coalesce(jsonb_object_agg(n.nspname || '.' || t.typname, jsonb_build_object('labels',
                 (select jsonb_agg(e.enumlabel) from pg_enum e where e.enumtypid = t.oid))), '{}')
          from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.oid >= 16384) as types,
       (select coalesce(jsonb_agg(n.nspname || '.' || c.relname), '[]')
          from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid >= 16384 and c.relkind <> 't') as relations,
       (select jsonb_agg(distinct n.nspname || '.' || c.collname)
          from pg_collation c join pg_namespace n on n.oid = c.collnamespace
         where c.collencoding in (-1, (select encoding from pg_database where datname = current_database()))) as collations,
       (select jsonb_object_agg(e.extname, jsonb_build_object('schema', n.nspname))
          from pg_extension e join pg_namespace n on n.oid = e.extnamespace) as extensions,
       (select coalesce(jsonb_agg(p.oid::regprocedure::text), '[]') from pg_proc p where p.oid >= 16384) as functions;
