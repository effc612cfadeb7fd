-- pgtide._consume_next_batch(i_queue_id, i_consumer, i_max_events)
--
-- Does the work of pgtide.next_batch with the rights of its owner. It is called through the queue's gate (pgq._gate). The
-- real extension pgq has no gates; there its readers may call this function itself.
--
-- Returns: batch_id, prev_tick_id, prev_tick_time, tick_id, tick_time, tick_snapshot, behind_seconds, as pgtide.next_batch
-- Writes: pgq.subscription; sequence pgq.batch_id_seq
-- Errors: TD002 the consumer is not subscribed to the queue; TD005 the tick at which the consumer stands is gone
create or replace function pgtide._consume_next_batch(i_queue_id int, i_consumer text, i_max_events bigint,
    out batch_id bigint, out prev_tick_id bigint, out prev_tick_time timestamptz, out tick_id bigint, out tick_time timestamptz,
    out tick_snapshot txid_snapshot, out behind_seconds float8)
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_queue text := (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id);
    v_sub pgq.subscription;
    v_prev pgq.tick;
begin
    select s.* into v_sub
    from pgq.subscription s
    where s.sub_queue = i_queue_id
      and s.sub_consumer = (select c.co_id from pgq.consumer c where c.co_name = i_consumer)
    order by s.sub_active desc limit 1
    for update of s;
    if not found then
        raise exception 'Not subscriber to queue: %/%', v_queue, i_consumer using errcode = 'TD002',
            hint = 'pgtide init registers the nodes of the configuration';
    end if;
    prev_tick_id := v_sub.sub_last_tick;
    if v_sub.sub_batch is not null then
        batch_id := v_sub.sub_batch;
        tick_id := v_sub.sub_next_tick;
    else
        select * into v_prev from pgq.tick t where t.tick_queue = v_sub.sub_queue and t.tick_id = v_sub.sub_last_tick;
        if not found then
            raise exception 'PgQ corruption: Consumer % on queue % does not see tick %', i_consumer, v_queue, v_sub.sub_last_tick
                using errcode = 'TD005';
        end if;
        -- The look-ahead is bounded, so that a batch costs the same however far behind the consumer is.
        select t.tick_id into tick_id
        from (select a.tick_id, a.tick_event_seq from pgq.tick a
              where a.tick_queue = v_sub.sub_queue and a.tick_id > v_sub.sub_last_tick
              order by a.tick_id limit 1000) t
        order by (t.tick_event_seq - v_prev.tick_event_seq <= i_max_events) desc,
                 case when t.tick_event_seq - v_prev.tick_event_seq <= i_max_events then -t.tick_id else t.tick_id end
        limit 1;
        if _consume_next_batch.tick_id is null then
            return;
        end if;
        batch_id := nextval('pgq.batch_id_seq');
        update pgq.subscription s
        set sub_batch = _consume_next_batch.batch_id, sub_next_tick = _consume_next_batch.tick_id, sub_active = now()
        where s.sub_queue = v_sub.sub_queue and s.sub_consumer = v_sub.sub_consumer and s.sub_active = v_sub.sub_active;
    end if;
    select t.tick_time, t.tick_snapshot, greatest(extract(epoch from now() - t.tick_time), 0)
    into tick_time, tick_snapshot, behind_seconds
    from pgq.tick t where t.tick_queue = v_sub.sub_queue and t.tick_id = _consume_next_batch.tick_id;
    select t.tick_time into prev_tick_time from pgq.tick t where t.tick_queue = v_sub.sub_queue and t.tick_id = prev_tick_id;
end;
$$;
