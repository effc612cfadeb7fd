-- The code that an expression of another role would run with the rights of this role; see lib/structure/foreign-code.ts.
with recursive trusted as (
  select oid from pg_roles where rolsuper or rolname = current_user
), part(type, needs) as (
  -- The types that each type consists of, as in needed-types.sql: of arrays, domains, composites, ranges and multiranges.
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
), types(oid, object, owner) as (
  select t.oid, case when c.relkind <> 'c' then 'table ' else 'type ' end || format_type(t.oid, null), t.typowner
    from pg_type t left join pg_class c on c.oid = t.typrelid
   where t.typowner not in (select oid from trusted) and not (t.typelem <> 0 and t.typlen = -1)
  union
  select p.type, t.object, t.owner from types t join part p on p.needs = t.oid
), functions as (
  select p.oid, p.pronamespace, p.proname, 'function ' || p.oid::regprocedure as object, p.proowner
    from pg_proc p where p.proowner not in (select oid from trusted)
), code as (
  select pronamespace as namespace, proname as name, object, proowner as owner from functions
  union all
  select o.oprnamespace, o.oprname, f.object, f.proowner from pg_operator o join functions f on f.oid = o.oprcode
  union all
  select o.oprnamespace, o.oprname, 'operator ' || o.oid::regoperator, o.oprowner
    from pg_operator o where o.oprowner not in (select oid from trusted)
  union all
  select p.pronamespace, p.proname, t.object, t.owner from pg_proc p join types t on t.oid = p.prorettype
), named as (
  select 'function' as kind, namespace, name, object, owner from code
  union all
  select 'type', y.typnamespace, y.typname, t.object, t.owner from types t join pg_type y on y.oid = t.oid
), listed as (
  select kind, n.nspname || '.' || f.name as name,
         jsonb_agg(distinct jsonb_build_object('object', f.object, 'owner', pg_get_userbyid(f.owner))) as objects
    from named f join pg_namespace n on n.oid = f.namespace
   group by 1, 2
)
select coalesce(jsonb_object_agg(name, objects) filter (where kind = 'function'), '{}') as "foreignFunctions",
       coalesce(jsonb_object_agg(name, objects) filter (where kind = 'type'), '{}') as "foreignTypes",
       array(select distinct n.nspname || '.' || p.proname
               from pg_proc p join pg_namespace n on n.oid = p.pronamespace
              where n.nspname in ('pgtide', 'londiste', 'pgq_node', 'pgq')
                 -- Volatile functions, and functions that query the server (`pg_…`), act. So do stable functions that run a query or
                 -- the check of a domain: the functions to XML, and the functions from text (`cstring`), such as the input functions
                 -- of types.
                 or (p.provolatile = 'v' or p.proname ~ '^pg_|_validator$' and p.provolatile = 's' or p.proname ~ '_to_xml'
                     or 'cstring'::regtype = any (p.proargtypes))
                -- These only return a value. PostgreSQL 10 marks `timezone` as volatile. `nextval` also advances its sequence, as
                -- every serial column does.
                and p.proname <> all ('{array_sample,array_shuffle,clock_timestamp,current_query,currval,gen_random_bytes,
                                        gen_random_uuid,gen_salt,lastval,nextval,pg_backend_pid,pg_column_size,pg_current_snapshot,
                                        pg_current_xact_id,pg_typeof,random,random_normal,timeofday,timezone,uuid_generate_v1,
                                        uuid_generate_v1mc,uuid_generate_v4,uuidv4,uuidv7}'::text[])
                and (p.oid < 16384 or exists (
                      select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e'))
              order by 1) as "actingFunctions"
  from listed;
