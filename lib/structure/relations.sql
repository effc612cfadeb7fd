-- Relations by name, or with all partitions below them, for PostgreSQL 10 to 18.
-- $1: names (`schema.table`); $2: with partitions, parents first.
-- In psql: \bind '{public.orders}' true
with recursive tree as (
  select c.oid, 0 as depth, c.oid as root
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname || '.' || c.relname = any ($1::text[]) and c.relkind in ('r', 'p', 'f', 'v', 'm')
     -- If names contain dots, two relations may have the same `schema.table`.
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
 order by t.root, t.depth, n.nspname, c.relname;
