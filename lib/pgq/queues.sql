-- Queues with their settings and state.
-- $1: the queue; null for all queues.
-- In psql: \bind shop
select i.queue_name as name,
       i.queue_ticker_paused as paused,
       i.queue_external_ticker as "externalTicker",
       q.queue_disable_insert as "insertDisabled",
       i.queue_ticker_max_count as "tickerMaxCount",
       extract(epoch from i.queue_ticker_max_lag)::float8 as "tickerMaxLagSeconds",
       extract(epoch from i.queue_ticker_idle_period)::float8 as "tickerIdlePeriodSeconds",
       extract(epoch from i.queue_rotation_period)::float8 as "rotationPeriodSeconds",
       greatest(extract(epoch from now() - i.queue_switch_time), 0)::float8 as "sinceSwitchSeconds",
       extract(epoch from i.ticker_lag)::float8 as "tickerLagSeconds",
       i.ev_per_sec as "eventsPerSecond",
       greatest(coalesce(i.ev_new, 0), 0)::bigint as "newEvents",
       i.last_tick_id::bigint as "lastTick",
       coalesce((select sum(pg_total_relation_size(h.inhrelid)) from pg_inherits h where h.inhparent = to_regclass(q.queue_data_pfx)), 0)::bigint
         + coalesce((select sum(pg_total_relation_size(c.oid)) from pg_class c
                      where c.relnamespace = 'pgq'::regnamespace and c.relkind = 'r'
                        and c.relname >= format('rows_%s_', q.queue_id)::name and c.relname < format('rows_%s`', q.queue_id)::name), 0)::bigint as bytes
  from pgq.get_queue_info() i
  join pgq.queue q on q.queue_name = i.queue_name
 where $1::text is null or i.queue_name = $1
 order by i.queue_name;
