-- pgq_ext.is_batch_done(a_consumer, [a_subconsumer,] a_batch_id)
--
-- Whether that is the batch that the consumer has done last.
--
-- Returns: boolean
-- Writes: nothing
create or replace function pgq_ext.is_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from pgq_ext.completed_batch c
                    where c.consumer_id = a_consumer and c.subconsumer_id = a_subconsumer and c.last_batch_id = a_batch_id);
$$;

create or replace function pgq_ext.is_batch_done(a_consumer text, a_batch_id bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select pgq_ext.is_batch_done(a_consumer, '', a_batch_id);
$$;
