-- Partitioned tables, with the partitions below them that hold rows.
-- $1: names (`schema.table`); names of other tables are skipped.
-- In psql: \bind '{public.orders}'
with recursive tree as (
  select w.name as root, c.oid, ''::text as bounds
    from unnest($1::text[]) w (name)
    join pg_class c on c.oid = londiste.find_table_oid(w.name) and c.relkind = 'p'
  union all
  select t.root, c.oid, (t.bounds || ' / ' || coalesce(pg_get_expr(c.relpartbound, c.oid), '')) collate "default"
    from tree t
    join pg_inherits i on i.inhparent = t.oid
    join pg_class c on c.oid = i.inhrelid)
select t.root as name, max(pg_get_partkeydef(c.oid)) filter (where t.bounds = '') as key,
       coalesce(jsonb_agg(jsonb_build_object('oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'bounds', t.bounds))
                filter (where c.relkind = 'r'), '[]') as partitions
  from tree t join pg_class c on c.oid = t.oid join pg_namespace n on n.oid = c.relnamespace
 group by t.root;
