-- pgq_coop._consume_next_batch_custom(i_queue_id, i_consumer_name, i_subconsumer_name, i_min_lag, i_min_count, i_min_interval,
--                                     i_dead_interval)
--
-- What pgq_coop.next_batch_custom does behind the gate (pgq._gate); on the real extension pgq, which has no
-- gates, for its readers by itself.
--
-- Returns: bigint, the batch's id; null when there is no batch yet
-- Writes: pgq.subscription, pgq.consumer
-- Errors: TD003 the main consumer has a batch of its own open; as pgq.next_batch_custom
--
-- The main consumer's row is locked, so members take their batches one after the other. To call it again with an open batch
-- tells that the member is alive.
create or replace function pgq_coop._consume_next_batch_custom(
    i_queue_id int4, i_consumer_name text, i_subconsumer_name text,
    i_min_lag interval, i_min_count int4, i_min_interval interval, i_dead_interval interval
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_queue     text := (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id);
    v_main      record;
    v_member    record;
    v_dead      record;
    v_ahead     record;
    v_batch     record;
begin
    for v_try in 1 .. 2 loop
        select s.sub_queue, s.sub_consumer, s.sub_id, s.sub_batch into v_main
          from pgq.subscription s
         where s.sub_queue = i_queue_id
           and s.sub_consumer = (select c.co_id from pgq.consumer c where c.co_name = i_consumer_name)
         order by s.sub_active desc limit 1
           for update of s;
        if v_main.sub_batch is not null then
            raise exception 'main consumer has batch open?'
                using errcode = 'TD003', detail = format('%s on %s: batch %s', i_consumer_name, v_queue, v_main.sub_batch),
                hint = 'Finish it with pgq.finish_batch; a cooperative consumer takes batches through its members alone.';
        end if;
        select s.sub_consumer, s.sub_batch, s.sub_active into v_member
          from pgq.subscription s
         where s.sub_queue = v_main.sub_queue and s.sub_id = v_main.sub_id
           and s.sub_consumer = (select c.co_id from pgq.consumer c
                                  where c.co_name = i_consumer_name || '.' || i_subconsumer_name)
         order by s.sub_active desc limit 1
           for update of s;
        exit when found;
        perform pgq_coop.register_subconsumer(v_queue, i_consumer_name, i_subconsumer_name);
    end loop;

    if v_member.sub_batch is not null then
        update pgq.subscription set sub_active = now()
         where sub_queue = v_main.sub_queue and sub_consumer = v_member.sub_consumer and sub_active = v_member.sub_active;
        return v_member.sub_batch;
    end if;

    -- Members that were last seen before the clock went back: their absence cannot be measured, and counts from now on.
    for v_ahead in
        select x.sub_consumer, x.sub_active
          from pgq.consumer c
         cross join lateral (
                select y.* from pgq.subscription y
                 where y.sub_queue = v_main.sub_queue and y.sub_consumer = c.co_id order by y.sub_active desc limit 1) x
         where i_dead_interval is not null and left(c.co_name, length(i_consumer_name) + 1) = i_consumer_name || '.'
           and x.sub_id = v_main.sub_id and x.sub_consumer <> v_member.sub_consumer and x.sub_active > clock_timestamp()
    loop
        update pgq.subscription set sub_active = now()
         where sub_queue = v_main.sub_queue and sub_consumer = v_ahead.sub_consumer and sub_active = v_ahead.sub_active;
    end loop;

    select s.sub_consumer, s.sub_batch, s.sub_last_tick, s.sub_next_tick, s.sub_active into v_dead
      from pgq.consumer c
     cross join lateral (
            select x.* from pgq.subscription x
             where x.sub_queue = v_main.sub_queue and x.sub_consumer = c.co_id order by x.sub_active desc limit 1) s
     where i_dead_interval is not null and left(c.co_name, length(i_consumer_name) + 1) = i_consumer_name || '.'
       and s.sub_id = v_main.sub_id and s.sub_consumer <> v_member.sub_consumer
       and s.sub_active < now() - i_dead_interval
     order by s.sub_batch is null, s.sub_active limit 1;
    if found then
        -- The member may be alive after all, and finish its batch at this moment.
        delete from pgq.subscription
         where sub_queue = v_main.sub_queue and sub_consumer = v_dead.sub_consumer and sub_active = v_dead.sub_active;
        if not found then
            v_dead.sub_batch := null;
        end if;
        delete from pgq.consumer c
         where c.co_id = v_dead.sub_consumer
           and not exists (select from pgq.subscription s where s.sub_consumer = c.co_id);
    end if;
    if v_dead.sub_batch is not null then
        v_batch := v_dead;
    else
        select n.batch_id as sub_batch, n.prev_tick_id as sub_last_tick, n.cur_tick_id as sub_next_tick into v_batch
          from pgq.next_batch_custom(v_queue, i_consumer_name, i_min_lag, i_min_count, i_min_interval) n;
        if v_batch.sub_batch is null then
            return null;
        end if;
        update pgq.subscription
           set sub_batch = null, sub_active = now(), sub_last_tick = sub_next_tick, sub_next_tick = null
         where sub_batch = v_batch.sub_batch;
    end if;
    update pgq.subscription
       set sub_batch = v_batch.sub_batch, sub_last_tick = v_batch.sub_last_tick, sub_next_tick = v_batch.sub_next_tick,
           sub_active = now()
     where sub_queue = v_main.sub_queue and sub_consumer = v_member.sub_consumer and sub_active = v_member.sub_active;
    return v_batch.sub_batch;
end;
$$;
