-- Columns of relations. The type is resolved through domains to the stored type.
-- $1: oids of relations.
-- In psql: \bind '{16384}'
select a.attrelid as table, a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type,
       a.atttypid as "typeOid", a.atttypmod as typmod,
       a.attnotnull and not exists (
         select from pg_constraint k
          where k.conrelid = a.attrelid and k.contype = 'n' and not k.convalidated and k.conkey = array[a.attnum]
       ) as "notNull",
       a.generated,
       a.attidentity::text as identity, pg_get_expr(d.adbin, d.adrelid) as default,
       case when a.attcollation <> t.typcollation then (
         select jsonb_build_object('schema', cn.nspname, 'name', c.collname)
           from pg_collation c join pg_namespace cn on cn.oid = c.collnamespace where c.oid = a.attcollation)
       end as collation,
       (with recursive base as (
          select t.oid, a.atttypmod as typmod, t.typtype, t.typbasetype, t.typtypmod, 0 as depth
          union all
          select b.oid, u.typtypmod, b.typtype, b.typbasetype, b.typtypmod, u.depth + 1
            from base u join pg_type b on b.oid = u.typbasetype where u.typtype = 'd')
        select format_type(b.oid, b.typmod) from base b order by b.depth desc limit 1) as "baseType",
       pgtide.stored_type(a.atttypid, a.atttypmod) as stored,
       (select x.extname || ':' || t.typname from pg_depend e join pg_extension x on x.oid = e.refobjid
         where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e') as "extensionType",
       (select array_agg(l.enumlabel::text order by l.enumsortorder) from pg_enum l
         where l.enumtypid in (t.oid, case when t.typlen = -1 then t.typelem end)) as labels,
       col_description(a.attrelid, a.attnum) as comment
  -- As pgtide.column_generated, without a call for each column.
  from (select ''::text as attgenerated) before_12
  cross join lateral (
    select g.*, attgenerated::text as generated from pg_attribute g
     where g.attrelid = any ($1::oid[]) and g.attnum > 0 and not g.attisdropped) a
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 order by a.attrelid, a.attnum;
