/**
 * What the catalog says about tables, for PostgreSQL 10 to 18. Columns that younger catalogs have are read through
 * to_jsonb, which gives null on older servers. Runs with search_path = pg_catalog, so that every name that the
 * server writes is qualified.
 */
import { sequenceUses } from './sequence-uses.ts';

/** $1: names (`schema.table`); $2: with partitions, parents first. */
export const relationsSql = `
with recursive tree as (
  select c.oid, 0 as depth, c.oid as root
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname || '.' || c.relname = any ($1::text[]) and c.relkind in ('r', 'p', 'f', 'v', 'm')
     -- With dots in their names two may be called the same.
     and (position('.' in n.nspname || c.relname) = 0
          or c.oid = coalesce(londiste.find_table_oid(n.nspname || '.' || c.relname),
                              londiste.find_rel_oid(n.nspname || '.' || c.relname, c.relkind::text)))
  union all
  select i.inhrelid, t.depth + 1, t.root
    from tree t
    join pg_class p on p.oid = t.oid and p.relkind = 'p'
    join pg_inherits i on i.inhparent = t.oid
   where $2::boolean)
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
       c.relpersistence::text as persistence, c.relrowsecurity as "rowSecurity",
       c.relforcerowsecurity as "forcedRowSecurity",
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as "partitionKey",
       case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as bound,
       (select jsonb_agg(jsonb_build_object('schema', pn.nspname, 'name', p.relname) order by i.inhseqno)
          from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
         where i.inhrelid = c.oid) as parents,
       array_remove(array[
         case when coalesce((to_jsonb(c)->>'relhasoids')::bool, false) then 'the oid column' end,
         case when exists (select from pg_rewrite r where r.ev_class = c.oid and c.relkind <> 'v') then 'rules' end,
         case when exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner)
                or exists (select from pg_attribute a where a.attrelid = c.oid and a.attacl is not null)
              then 'grants' end,
         case when exists (
                select from pg_trigger g join pg_proc f on f.oid = g.tgfoid join pg_namespace s on s.oid = f.pronamespace
                 where g.tgrelid = c.oid and not g.tgisinternal
                   and s.nspname not in ('pgtide', 'londiste', 'pgq_node', 'pgq'))
              then 'triggers' end], null) as extras,
       obj_description(c.oid, 'pg_class') as comment,
       (select r.rolname::text from pg_roles r
         where r.oid = c.relowner and not r.rolsuper and r.rolname <> current_user) as "foreignOwner"
  from tree t join pg_class c on c.oid = t.oid join pg_namespace n on n.oid = c.relnamespace
 order by t.root, t.depth, n.nspname, c.relname`;

/** $1: oids of relations. The type is resolved through domains to what is stored. */
export const columnsSql = `
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
 order by a.attrelid, a.attnum`;

/** $1: oids of relations. Best key first, as pgtide.table_key chooses. */
export const indexesSql = `
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
 order by i.indrelid, i.indisprimary desc, i.indnatts, i.indexrelid`;

/** $1: oids of relations. Checks and foreign keys. */
export const constraintsSql = `
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
 order by k.conrelid, k.contype, k.conname`;

/** $1: oids of relations. */
export const sequencesSql = `
with recursive ${sequenceUses('$1::oid[]')}
select distinct on (u.relation, s.oid) u.relation as table, n.nspname::text as schema, s.relname::text as name,
       a.attname::text as column, u.identity, u.owned, format_type(q.seqtypid, null) as type,
       q.seqstart::text as start, q.seqincrement::text as increment, q.seqmin::text as min, q.seqmax::text as max,
       q.seqcache::text as cache, q.seqcycle as cycle, obj_description(s.oid, 'pg_class') as comment
  from used u
  join pg_class s on s.oid = u.sequence and s.relkind = 'S'
  join pg_namespace n on n.oid = s.relnamespace
  join pg_sequence q on q.seqrelid = s.oid
  join pg_attribute a on a.attrelid = u.relation and a.attnum = u.attnum
 order by u.relation, s.oid, u.owned desc`;
