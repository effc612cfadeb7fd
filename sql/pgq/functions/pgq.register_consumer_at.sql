-- pgq.register_consumer_at(x_queue_name, x_consumer_name, x_tick_pos)
--
-- Subscribes a consumer to a queue at a tick, or moves it there, forward or back; then its open batch is dropped.
-- The queue's row is locked against rotation, which would otherwise remove the tick in between. What keeps a second row of one
-- consumer out is no constraint (see pgq.subscription), but the lock on pgq.consumer.
--
-- Arguments: x_tick_pos - null: the last tick for a new subscription, no move for an existing one
-- Returns: int4, 1 new; 0 when it was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: TD001 null; TD002 no such queue; TD003 no such tick, or the queue has no tick at all
create or replace function pgq.register_consumer_at(
    x_queue_name text, x_consumer_name text, x_tick_pos bigint
) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_queue_id  int4;
    v_co_id     int4;
    v_tick      bigint;
    v_active    timestamptz;
    v_alone     boolean := false;
begin
    if x_consumer_name is null then
        raise exception 'Invalid NULL value' using errcode = 'TD001', hint = 'Give the consumer a name.';
    end if;
    select q.queue_id into v_queue_id from pgq.queue q where q.queue_name = x_queue_name for share;
    if not found then
        raise exception 'Event queue not created yet'
            using errcode = 'TD002', detail = 'queue: ' || coalesce(x_queue_name, 'null');
    end if;

    loop
        select c.co_id into v_co_id from pgq.consumer c where c.co_name = x_consumer_name for key share;
        exit when found;
        insert into pgq.consumer (co_name) values (x_consumer_name) on conflict (co_name) do nothing;
    end loop;

    if x_tick_pos is not null
        and not exists (select 1 from pgq.tick t where t.tick_queue = v_queue_id and t.tick_id = x_tick_pos)
    then
        raise exception 'cannot reposition, tick not found: %', x_tick_pos
            using errcode = 'TD003', detail = 'queue: ' || x_queue_name;
    end if;

    loop
        select s.sub_active into v_active
          from pgq.subscription s where s.sub_queue = v_queue_id and s.sub_consumer = v_co_id
         order by s.sub_active desc limit 1 for update;
        exit when found or v_alone;
        -- Whoever registers the same consumer waits here, and then sees that; in REPEATABLE READ, where it could not, it fails.
        update pgq.consumer c set co_name = c.co_name where c.co_id = v_co_id;
        v_alone := true;
    end loop;
    if v_active is null then
        v_tick := coalesce(x_tick_pos, (select t.tick_id from pgq.tick t
                                         where t.tick_queue = v_queue_id order by t.tick_id desc limit 1));
        if v_tick is null then
            raise exception 'No ticks for this queue.  Please run ticker on database.'
                using errcode = 'TD003', detail = 'queue: ' || x_queue_name, hint = 'select pgq.ticker(queue)';
        end if;
        insert into pgq.subscription (sub_queue, sub_consumer, sub_last_tick) values (v_queue_id, v_co_id, v_tick);
        return 1;
    end if;

    if x_tick_pos is not null then
        update pgq.subscription
           set sub_last_tick = x_tick_pos, sub_batch = null, sub_next_tick = null, sub_active = now()
         where sub_queue = v_queue_id and sub_consumer = v_co_id and sub_active = v_active;
    end if;
    return 0;
end;
$$;
