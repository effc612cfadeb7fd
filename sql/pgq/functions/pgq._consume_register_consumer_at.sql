-- pgq._consume_register_consumer_at(i_queue_id, i_consumer_name, i_tick_pos)
--
-- What pgq.register_consumer_at does behind the gate.
-- The queue's row is locked against rotation, which would otherwise remove the tick in between. What keeps a second row of one
-- consumer out is no constraint (see pgq.subscription), but the lock on pgq.consumer.
--
-- Returns: int4, 1 new; 0 when it was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: TD002 the queue is gone; TD003 no such tick, or the queue has no tick at all
create or replace function pgq._consume_register_consumer_at(
    i_queue_id int4, i_consumer_name text, i_tick_pos bigint
) returns int4
language plpgsql set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_queue     text;
    v_co_id     int4;
    v_tick      bigint;
    v_active    timestamptz;
    v_alone     boolean := false;
begin
    select q.queue_name into v_queue from pgq.queue q where q.queue_id = i_queue_id for share;
    if not found then
        raise exception 'Event queue not created yet' using errcode = 'TD002';
    end if;

    loop
        select c.co_id into v_co_id from pgq.consumer c where c.co_name = i_consumer_name for key share;
        exit when found;
        insert into pgq.consumer (co_name) values (i_consumer_name) on conflict (co_name) do nothing;
    end loop;

    if i_tick_pos is not null
        and not exists (select 1 from pgq.tick t where t.tick_queue = i_queue_id and t.tick_id = i_tick_pos)
    then
        raise exception 'cannot reposition, tick not found: %', i_tick_pos
            using errcode = 'TD003', detail = 'queue: ' || v_queue;
    end if;

    loop
        select s.sub_active into v_active
          from pgq.subscription s where s.sub_queue = i_queue_id and s.sub_consumer = v_co_id
         order by s.sub_active desc limit 1 for update;
        exit when found or v_alone;
        -- A session that registers the same consumer waits here, and then sees this registration. In REPEATABLE READ it
        -- could not see it, and fails.
        update pgq.consumer c set co_name = c.co_name where c.co_id = v_co_id;
        v_alone := true;
    end loop;
    if v_active is null then
        v_tick := coalesce(i_tick_pos, (select t.tick_id from pgq.tick t
                                         where t.tick_queue = i_queue_id order by t.tick_id desc limit 1));
        if v_tick is null then
            raise exception 'No ticks for this queue.  Please run ticker on database.'
                using errcode = 'TD003', detail = 'queue: ' || v_queue, hint = 'select pgq.ticker(queue)';
        end if;
        insert into pgq.subscription (sub_queue, sub_consumer, sub_last_tick) values (i_queue_id, v_co_id, v_tick);
        return 1;
    end if;

    if i_tick_pos is not null then
        update pgq.subscription
           set sub_last_tick = i_tick_pos, sub_batch = null, sub_next_tick = null, sub_active = now()
         where sub_queue = i_queue_id and sub_consumer = v_co_id and sub_active = v_active;
    end if;
    return 0;
end;
$$;
