-- pgq_node._consumer_tick(i_queue_name, i_consumer_name)
--
-- Where a consumer of the local queue stands.
--
-- Returns: bigint, a tick id; null when there is no such consumer
-- Writes: nothing
create or replace function pgq_node._consumer_tick(i_queue_name text, i_consumer_name text) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.sub_last_tick
      from pgq.subscription s
      join pgq.consumer c on c.co_id = s.sub_consumer
      join pgq.queue q on q.queue_id = s.sub_queue
     where q.queue_name = i_queue_name and c.co_name = i_consumer_name;
$$;
