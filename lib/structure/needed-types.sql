-- The types that columns need, with the types that those consist of. System types are skipped.
-- $1: oids of the columns' types.
-- In psql: \bind '{16384}'
with recursive part(type, needs) as (
  -- The types that each type consists of, as in foreign-code.sql: of arrays, domains, composites, ranges and multiranges.
  select t.oid, t.typelem from pg_type t where t.typelem <> 0 and t.typlen = -1
  union all
  select t.oid, t.typbasetype from pg_type t where t.typtype = 'd'
  union all
  select t.oid, a.atttypid
    from pg_type t join pg_attribute a on a.attrelid = t.typrelid
   where t.typtype = 'c' and a.attnum > 0 and not a.attisdropped
  union all
  select r.rngtypid, r.rngsubtype from pg_range r
  union all
  select (to_jsonb(r)->>'rngmultitypid')::oid, r.rngtypid from pg_range r
), needed(oid) as (
  select unnest($1::oid[]) union select p.needs from needed n join part p on p.type = n.oid
)
select t.oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind,
       array(select p.needs from part p where p.type = t.oid) as needs,
       x.extname::text as extension, xn.nspname::text as "extensionSchema",
       t.typelem <> 0 and t.typlen = -1 and t.typtype = 'b' as array,
       coalesce(c.relkind <> 'c', false) as "rowType",
       (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base,
       t.typnotnull as "notNull", pg_get_expr(t.typdefaultbin, 0) as default,
       case when t.typtype = 'd' and t.typcollation <> b.typcollation then (
         select jsonb_build_object('schema', cn.nspname, 'name', k.collname)
           from pg_collation k join pg_namespace cn on cn.oid = k.collnamespace where k.oid = t.typcollation) end as collation,
       (select jsonb_agg(jsonb_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid),
                                            'validated', k.convalidated) order by k.conname)
          from pg_constraint k where k.contypid = t.oid and k.contype = 'c') as checks,
       (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'collation',
                 (select jsonb_build_object('schema', cn.nspname, 'name', k.collname)
                    from pg_collation k join pg_namespace cn on cn.oid = k.collnamespace
                   where k.oid = a.attcollation and a.attcollation <> at.typcollation)) order by a.attnum)
          from pg_attribute a join pg_type at on at.oid = a.atttypid
         where a.attrelid = t.typrelid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped) as attributes,
       (select jsonb_build_object('subtype', format_type(r.rngsubtype, null), 'canonical', r.rngcanonical <> 0, 'opclass',
                 (select jsonb_build_object('schema', n.nspname, 'name', o.opcname) from pg_opclass o
                    join pg_namespace n on n.oid = o.opcnamespace where o.oid = r.rngsubopc and not o.opcdefault),
               'collation',
                 (select jsonb_build_object('schema', n.nspname, 'name', k.collname) from pg_collation k
                    join pg_namespace n on n.oid = k.collnamespace join pg_type s on s.oid = r.rngsubtype
                   where k.oid = r.rngcollation and r.rngcollation <> s.typcollation))
          from pg_range r where r.rngtypid = t.oid) as range,
       obj_description(t.oid, 'pg_type') as comment,
       (select r.rolname::text from pg_roles r
         where r.oid = t.typowner and not r.rolsuper and r.rolname <> current_user) as "foreignOwner"
  from needed d
  join pg_type t on t.oid = d.oid
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  left join pg_type b on b.oid = t.typbasetype
  left join pg_depend e on e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e'
  left join pg_extension x on x.oid = e.refobjid
  left join pg_namespace xn on xn.oid = x.extnamespace
 where t.oid >= 16384
 order by t.oid;
