-- pgq_ext.is_event_done(a_consumer, [a_subconsumer,] a_batch_id, a_event_id)
--
-- Whether the consumer has done that event of the batch.
--
-- Returns: boolean
-- Writes: nothing
create or replace function pgq_ext.is_event_done(
    a_consumer text, a_subconsumer text, a_batch_id bigint, a_event_id bigint
) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from pgq_ext.completed_event c
                    where c.consumer_id = a_consumer and c.subconsumer_id = a_subconsumer
                      and c.batch_id = a_batch_id and c.event_id = a_event_id);
$$;

create or replace function pgq_ext.is_event_done(a_consumer text, a_batch_id bigint, a_event_id bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select pgq_ext.is_event_done(a_consumer, '', a_batch_id, a_event_id);
$$;
