-- pgq.register_consumer(x_queue_name, x_consumer_id)
--
-- Subscribes a consumer to a queue, after its last tick.
--
-- Returns: int4, 1 new; 0 when it was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: as pgq.register_consumer_at
create or replace function pgq.register_consumer(x_queue_name text, x_consumer_id text) returns int4
language sql set search_path = pg_catalog, pg_temp as $$
    select pgq.register_consumer_at(x_queue_name, x_consumer_id, null);
$$;
