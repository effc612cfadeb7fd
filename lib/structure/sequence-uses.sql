-- The sequences that supply the values of tables' columns: one row for each table and sequence. Another row, without a sequence,
-- names each column whose default draws from a sequence that cannot be determined.
-- $1: oids of tables; $2: schemas whose functions and sequences are skipped.
-- In psql: \bind '{16384}' '{pgq,pgtide}'
with recursive direct(relation, attnum, function) as (
  select a.adrelid, a.adnum, d.refobjid
    from pg_catalog.pg_attrdef a
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = a.oid
     and d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid >= 16384
   where a.adrelid = any ($1::oid[])
), reached(start, function) as (
  -- The functions that defaults call, directly or through other functions. Each text is split into words once (offset 0), and
  -- words are joined with names.
  select distinct function, function from direct
  union
  select r.start, p.oid
    from reached r
    join pg_catalog.pg_proc f on f.oid = r.function
    cross join lateral (select pg_catalog.regexp_split_to_array(f.prosrc, '[^[:alnum:]_$]+') as words offset 0) t
    join pg_catalog.pg_proc p on p.oid >= 16384 and p.proname = any (t.words)
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspname <> all ($2::text[])
), source(start, namespace, text) as (
  select r.start, p.pronamespace, p.prosrc
    from reached r cross join lateral (
      select p.pronamespace, p.prosrc from pg_catalog.pg_proc p where p.oid = r.function offset 0) p
   where p.prosrc ~* '\mnextval\M'
), drawing as (
  select d.relation, d.attnum, a.attname, c.relname, c.relnamespace as namespace, s.namespace as "functionNamespace",
         s.text || ' ' || pg_catalog.pg_get_expr(e.adbin, e.adrelid) as text
    from direct d
    join source s on s.start = d.function
    join pg_catalog.pg_class c on c.oid = d.relation
    join pg_catalog.pg_attribute a on a.attrelid = d.relation and a.attnum = d.attnum
    join pg_catalog.pg_attrdef e on e.adrelid = d.relation and e.adnum = d.attnum
), sequences as (
  select s.oid, s.relname as name, s.relnamespace as namespace, n.nspname as schema
    from pg_catalog.pg_class s
    join pg_catalog.pg_namespace n on n.oid = s.relnamespace and n.nspname <> all ($2::text[])
   where case when s.relkind = 'S' then pg_catalog.has_sequence_privilege(s.oid, 'SELECT') else false end
), drawn as (
  select w.*, s.oid as sequence, s.namespace as place, s.schema
    from drawing w
    cross join lateral (select pg_catalog.regexp_split_to_array(w.text, '[^[:alnum:]_$]+') as words offset 0) t
    cross join lateral unnest(t.words) u (word)
    join sequences s on s.name = u.word
  union all
  select w.*, s.oid, s.namespace, s.schema
    from sequences s join drawing w on pg_catalog.strpos(w.text, pg_catalog.quote_ident(s.name)) > 0
   where s.name !~ '^[[:alnum:]_$]+$'
), used(relation, sequence, attnum, identity, owned) as (
  -- UNION, unlike UNION ALL, is computed once, however often the plan reads it.
  select d.refobjid, d.objid, d.refobjsubid, d.deptype = 'i', true
    from pg_catalog.pg_depend d
   where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
     and d.refobjid = any ($1::oid[]) and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  union
  select a.adrelid, d.refobjid, a.adnum, false, false
    from pg_catalog.pg_attrdef a
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = a.oid
     and d.refclassid = 'pg_catalog.pg_class'::regclass
   where a.adrelid = any ($1::oid[])
  union
  select w.relation, w.sequence, w.attnum, false, false
    from drawn w
   where w.place in (w.namespace, w."functionNamespace")
      or pg_catalog.strpos(w.text, w.schema || '.') > 0 or pg_catalog.strpos(w.text, pg_catalog.quote_ident(w.schema) || '.') > 0
  union
  select w.relation, s.oid, w.attnum, false, false
    from drawing w join sequences s on s.namespace = w.namespace and s.name = w.relname || '_' || w.attname || '_seq'
), found as (
  select u.* from used u join pg_catalog.pg_class s on s.oid = u.sequence and s.relkind = 'S'
), listed as (
  (select distinct on (f.relation, f.sequence) f.relation, f.attnum, f.sequence, f.identity, f.owned
     from found f
    order by f.relation, f.sequence, f.owned desc, f.attnum)
  union all
  select w.relation, w.attnum, null, null, null
    from (select relation, attnum from drawing except select relation, attnum from found) w
)
select l.relation as table, n.nspname::text as schema, s.relname::text as name, a.attname::text as column, l.identity, l.owned,
       pg_catalog.format_type(q.seqtypid, null) as type, q.seqstart::text as start, q.seqincrement::text as increment,
       q.seqmin::text as min, q.seqmax::text as max, q.seqcache::text as cache, q.seqcycle as cycle,
       pg_catalog.obj_description(s.oid, 'pg_class') as comment
  from listed l
  join pg_catalog.pg_attribute a on a.attrelid = l.relation and a.attnum = l.attnum
  left join pg_catalog.pg_class s on s.oid = l.sequence
  left join pg_catalog.pg_namespace n on n.oid = s.relnamespace
  left join pg_catalog.pg_sequence q on q.seqrelid = l.sequence
 order by l.relation, l.sequence, a.attname;
