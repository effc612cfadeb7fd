-- Extensions and functions that tables depend on: their columns, defaults, constraints and indexes.
-- $1: oids of tables; $2: oids of types; $3: columns that have a different default on the subscriber, as `schema.table.column`.
-- In psql: \bind '{16384}' '{}' '{}'
with part(classid, objid, name) as (
  select 'pg_class'::regclass::oid, c.oid, c.relname from pg_class c where c.oid = any ($1::oid[])
  union all
  select 'pg_attrdef'::regclass, d.oid, c.relname
    from pg_attrdef d join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   where c.oid = any ($1::oid[]) and n.nspname || '.' || c.relname || '.' || a.attname <> all ($3::text[])
  union all
  select 'pg_constraint'::regclass, k.oid, c.relname
    from pg_constraint k join pg_class c on c.oid = k.conrelid where c.oid = any ($1::oid[])
  union all
  select 'pg_class'::regclass, i.indexrelid, c.relname
    from pg_index i join pg_class c on c.oid = i.indrelid where c.oid = any ($1::oid[])
  union all
  select 'pg_type'::regclass, t.oid, t.typname from pg_type t where t.oid = any ($2::oid[])
  union all
  select 'pg_constraint'::regclass, k.oid, t.typname
    from pg_constraint k join pg_type t on t.oid = k.contypid where t.oid = any ($2::oid[])
)
select distinct p.name::text as of, x.extname::text as extension,
       case when x.oid is null then f.oid::regprocedure::text end as function
  from part p
  join pg_depend d on d.classid = p.classid and d.objid = p.objid
  left join pg_depend e on e.classid = d.refclassid and e.objid = d.refobjid and e.deptype = 'e'
  left join pg_extension x on x.oid = e.refobjid
  left join pg_proc f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid and f.oid >= 16384
 where x.oid is not null or f.oid is not null
 order by 1, 2, 3;
