-- pgq_ext.set_last_tick(a_consumer, [a_subconsumer,] a_tick_id)
--
-- Notes the tick up to which the consumer has done all, in the transaction that does it.
--
-- Arguments: a_tick_id - null: forgets the consumer
-- Returns: int4, always 1
-- Writes: pgq_ext.completed_tick
create or replace function pgq_ext.set_last_tick(a_consumer text, a_subconsumer text, a_tick_id bigint) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if a_tick_id is null then
        delete from pgq_ext.completed_tick c where c.consumer_id = a_consumer and c.subconsumer_id = a_subconsumer;
    else
        insert into pgq_ext.completed_tick (consumer_id, subconsumer_id, last_tick_id)
        values (a_consumer, a_subconsumer, a_tick_id)
        on conflict (consumer_id, subconsumer_id) do update set last_tick_id = excluded.last_tick_id;
    end if;
    return 1;
end;
$$;

create or replace function pgq_ext.set_last_tick(a_consumer text, a_tick_id bigint) returns int4
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select pgq_ext.set_last_tick(a_consumer, '', a_tick_id);
$$;
