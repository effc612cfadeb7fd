-- One queue, as pgq.get_queue_info returns it.
-- $1: the queue.
-- In psql: \bind shop
select queue_name as name,
       queue_ticker_paused as "tickerPaused",
       queue_external_ticker as "externalTicker",
       extract(epoch from queue_ticker_max_lag)::float8 as "tickerMaxLagSeconds",
       extract(epoch from queue_ticker_idle_period)::float8 as "tickerIdlePeriodSeconds",
       extract(epoch from queue_rotation_period)::float8 as "rotationPeriodSeconds",
       greatest(extract(epoch from now() - queue_switch_time), 0)::float8 as "sinceSwitchSeconds",
       extract(epoch from ticker_lag)::float8 as "tickerLagSeconds",
       coalesce(ev_new, 0)::bigint as "newEvents",
       last_tick_id::bigint as "lastTick"
  from pgq.get_queue_info($1);
