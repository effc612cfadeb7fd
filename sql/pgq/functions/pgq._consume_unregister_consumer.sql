-- pgq._consume_unregister_consumer(i_queue_id, i_consumer_name)
--
-- What pgq.unregister_consumer does behind the gate.
--
-- Returns: int4, the number of subscriptions removed; 0 when there was none
-- Writes: pgq.subscription, pgq.retry_queue, pgq.consumer
create or replace function pgq._consume_unregister_consumer(i_queue_id int4, i_consumer_name text) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_sub       record;
    v_consumers int4[];
begin
    select s.sub_id, s.sub_queue, s.sub_consumer, s.sub_last_tick, s.sub_next_tick into v_sub
      from pgq.subscription s
      join pgq.consumer c on c.co_id = s.sub_consumer
     where s.sub_queue = i_queue_id and c.co_name = i_consumer_name
       for update of s;
    if not found then
        return 0;
    end if;

    if (v_sub.sub_last_tick is null) = (v_sub.sub_next_tick is null)
        and exists (select 1 from pgq.subscription s
                     where s.sub_queue = v_sub.sub_queue and s.sub_id = v_sub.sub_id
                       and s.sub_consumer <> v_sub.sub_consumer)
    then
        v_consumers := array[v_sub.sub_consumer];
        delete from pgq.subscription s where s.sub_queue = v_sub.sub_queue and s.sub_consumer = v_sub.sub_consumer;
    else
        delete from pgq.retry_queue where ev_owner = v_sub.sub_id;
        with gone as (
            delete from pgq.subscription s
             where s.sub_queue = v_sub.sub_queue and s.sub_id = v_sub.sub_id
            returning s.sub_consumer
        )
        select array_agg(g.sub_consumer) into v_consumers from gone g;
    end if;

    delete from pgq.consumer c
     where c.co_id = any (v_consumers)
       and not exists (select 1 from pgq.subscription s where s.sub_consumer = c.co_id);
    return cardinality(v_consumers);
end;
$$;
