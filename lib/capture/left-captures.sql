-- Tables that have triggers of a queue's capture and are not members of the queue.
-- $1: the queue.
-- In psql: \bind shop
with captured as (
  select distinct g.tgrelid as relation
    from pgq.queue q
    join pg_catalog.pg_proc p on p.pronamespace = 'pgtide'::regnamespace
     and p.proname >= format('capture_%s_', q.queue_id)::name and p.proname < format('capture_%s`', q.queue_id)::name
    join pg_catalog.pg_trigger g on g.tgfoid = p.oid
   where q.queue_name = $1),
members as (
  select londiste.find_table_oid(coalesce(i.dest_table, i.table_name)) as relation
    from londiste.table_info i where i.queue_name = $1 and i.local),
trees as (
  select t.relation as captured, r.relation
    from captured t
    join pg_catalog.pg_class c on c.oid = t.relation
   cross join lateral unnest(case when c.relispartition then pgtide.above_partition(array[c.oid]) else array[c.oid] end) r (relation)
  offset 0)
select distinct n.nspname || '.' || c.relname as name
  from trees t
  join pg_catalog.pg_class c on c.oid = t.relation and not c.relispartition
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where t.captured not in (select f.captured from trees f join members m on m.relation = f.relation);
