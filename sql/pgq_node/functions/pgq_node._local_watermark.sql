-- pgq_node._local_watermark(i_queue_name)
--
-- The tick up to which no node below this one needs events: the lowest position of all consumers of the local queue, the global watermark's
-- own aside; its last tick when it has no consumer.
--
-- Returns: bigint, a tick id; null when there is no local queue
-- Writes: nothing
create or replace function pgq_node._local_watermark(i_queue_name text) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(
        (select min(s.sub_last_tick)
           from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
          where s.sub_queue = q.queue_id and c.co_name <> '.global_watermark'),
        (select max(t.tick_id) from pgq.tick t where t.tick_queue = q.queue_id))
      from pgq.queue q where q.queue_name = i_queue_name;
$$;
