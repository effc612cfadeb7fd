-- Returns whether rotation is late, and which consumer is furthest behind.
-- $1: the queue.
-- In psql: \bind shop
select least(q.queue_switch_time, now()) + 2 * q.queue_rotation_period < now() as overdue,
       extract(epoch from q.queue_rotation_period)::float8 as "periodSeconds",
       extract(epoch from now() - q.queue_switch_time)::float8 as "sinceSwitchSeconds",
       q.queue_switch_step2 is not null as complete,
       slowest.co_name as consumer,
       extract(epoch from now() - slowest.tick_time)::float8 as "behindSeconds",
       coalesce(txid_snapshot_xmin(slowest.tick_snapshot) <= q.queue_switch_step2, false) as holds,
       coalesce((select sum(pg_total_relation_size(h.inhrelid)) from pg_inherits h where h.inhparent = to_regclass(q.queue_data_pfx)), 0)::bigint
         + coalesce((select sum(pg_total_relation_size(c.oid)) from pg_class c
                      where c.relnamespace = 'pgq'::regnamespace and c.relkind = 'r'
                        and c.relname >= format('rows_%s_', q.queue_id)::name and c.relname < format('rows_%s`', q.queue_id)::name), 0)::bigint as bytes
  from pgq.queue q
  left join lateral (
       select c.co_name, t.tick_time, t.tick_snapshot
         from pgq.subscription s
         join pgq.consumer c on c.co_id = s.sub_consumer
         join pgq.tick t on t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick
        where s.sub_queue = q.queue_id
        order by s.sub_last_tick limit 1) slowest on true
 where q.queue_name = $1;
