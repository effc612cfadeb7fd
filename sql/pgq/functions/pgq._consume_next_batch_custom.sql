-- pgq._consume_next_batch_custom(i_queue_id, i_consumer_name, i_min_lag, i_min_count, i_min_interval)
--
-- What pgq.next_batch_custom does behind the gate.
--
-- Returns: as pgq.next_batch_custom
-- Writes: pgq.subscription, only when it opens a batch: polling leaves no dead rows
-- Errors: TD002 not subscribed; TD003 the consumer's tick is gone
--
-- Finds the living version of the consumer's row however many dead ones there are (see pgq.subscription).
-- Calls that race for one consumer open one batch: the update finds the row only if it is still what was read.
create or replace function pgq._consume_next_batch_custom(
    in i_queue_id int4,
    in i_consumer_name text,
    in i_min_lag interval,
    in i_min_count int4,
    in i_min_interval interval,
    out batch_id int8,
    out cur_tick_id int8,
    out prev_tick_id int8,
    out cur_tick_time timestamptz,
    out prev_tick_time timestamptz,
    out cur_tick_event_seq int8,
    out prev_tick_event_seq int8
) returns record
language plpgsql set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_sub   record;
    v_next  record;
begin
    loop
        select q.queue_name, s.sub_queue, s.sub_consumer, s.sub_last_tick, s.sub_batch, s.sub_next_tick, s.sub_active,
               t.tick_time, t.tick_event_seq, t.tick_id is not null as has_tick
          into v_sub
          from pgq.queue q
          join pgq.consumer c on c.co_name = i_consumer_name
         cross join lateral (
                select x.* from pgq.subscription x
                 where x.sub_queue = q.queue_id and x.sub_consumer = c.co_id order by x.sub_active desc limit 1) s
          left join lateral (
                select x.tick_id, x.tick_time, x.tick_event_seq from pgq.tick x
                 where x.tick_queue = s.sub_queue and x.tick_id = s.sub_last_tick offset 0) t on true
         where q.queue_id = i_queue_id;
        if not found then
            raise exception 'Not subscriber to queue: %/%',
                (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id), coalesce(i_consumer_name, 'NULL')
                using errcode = 'TD002', hint = 'Subscribe it with pgq.register_consumer.';
        end if;
        if not v_sub.has_tick then
            raise exception 'PgQ corruption: Consumer % on queue % does not see tick %',
                i_consumer_name, v_sub.queue_name, v_sub.sub_last_tick
                using errcode = 'TD003', hint = 'Move the consumer to a tick that exists: pgq.register_consumer_at.';
        end if;

        if v_sub.sub_batch is not null then
            select t.tick_id, t.tick_time, t.tick_event_seq into v_next
              from pgq.tick t where t.tick_queue = v_sub.sub_queue and t.tick_id = v_sub.sub_next_tick;
            batch_id := v_sub.sub_batch;
        else
            if i_min_interval is null and i_min_count is null then
                select t.tick_id, t.tick_time, t.tick_event_seq into v_next
                  from pgq.tick t
                 where t.tick_queue = v_sub.sub_queue and t.tick_id > v_sub.sub_last_tick
                 order by t.tick_id limit 1;
            else
                select h.next_tick_id as tick_id, h.next_tick_time as tick_time, h.next_tick_seq as tick_event_seq
                  into v_next
                  from pgq.find_tick_helper(v_sub.sub_queue, v_sub.sub_last_tick, v_sub.tick_time, v_sub.tick_event_seq,
                                            i_min_count, i_min_interval) h;
            end if;
            if v_next.tick_id is null
                or (now() - v_next.tick_time < i_min_lag and v_next.tick_time <= clock_timestamp())
            then
                return;
            end if;

            update pgq.subscription
               set sub_batch = nextval('pgq.batch_id_seq'), sub_next_tick = v_next.tick_id, sub_active = now()
             where sub_queue = v_sub.sub_queue and sub_consumer = v_sub.sub_consumer and sub_active = v_sub.sub_active
               and sub_batch is null and sub_last_tick = v_sub.sub_last_tick
            returning sub_batch into batch_id;
            continue when not found;
        end if;

        cur_tick_id := v_next.tick_id;
        cur_tick_time := v_next.tick_time;
        cur_tick_event_seq := v_next.tick_event_seq;
        prev_tick_id := v_sub.sub_last_tick;
        prev_tick_time := v_sub.tick_time;
        prev_tick_event_seq := v_sub.tick_event_seq;
        return;
    end loop;
end;
$$;
