-- pgq_coop.next_batch(i_queue_name, i_consumer_name, i_subconsumer_name [, i_dead_interval])
--
-- Opens a batch of one tick for a member of a cooperative consumer, or returns the one it has.
--
-- Arguments: i_dead_interval - see pgq_coop.next_batch_custom
-- Returns: bigint, the batch's id; null when there is no batch yet
-- Writes: pgq.subscription, pgq.consumer
-- Errors: as pgq_coop.next_batch_custom
create or replace function pgq_coop.next_batch(i_queue_name text, i_consumer_name text, i_subconsumer_name text)
returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
    select pgq_coop.next_batch_custom(i_queue_name, i_consumer_name, i_subconsumer_name, null, null, null, null);
$$;

create or replace function pgq_coop.next_batch(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_dead_interval interval
) returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
    select pgq_coop.next_batch_custom(i_queue_name, i_consumer_name, i_subconsumer_name, null, null, null, i_dead_interval);
$$;
