-- pgq_ext.get_last_tick(a_consumer [, a_subconsumer])
--
-- The tick up to which the consumer has done all.
--
-- Returns: int8, null when there is none
-- Writes: nothing
create or replace function pgq_ext.get_last_tick(a_consumer text, a_subconsumer text) returns int8
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select c.last_tick_id from pgq_ext.completed_tick c
     where c.consumer_id = a_consumer and c.subconsumer_id = a_subconsumer;
$$;

create or replace function pgq_ext.get_last_tick(a_consumer text) returns int8
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select pgq_ext.get_last_tick(a_consumer, '');
$$;
