-- pgq.event_retry_raw(x_queue, x_consumer, x_retry_after, x_ev_id, x_ev_time, x_ev_retry, x_ev_type, x_ev_data,
--                     x_ev_extra1, x_ev_extra2, x_ev_extra3, x_ev_extra4)
--
-- Puts any event into the retry queue of one consumer.
--
-- Arguments: x_ev_id - null: a new one; x_ev_time - null: now(); x_ev_retry - how often it was retried before, or null
-- Returns: bigint, the event's id
-- Writes: pgq.retry_queue
-- Errors: TD002 consumer not registered; unique violation when that event waits already
create or replace function pgq.event_retry_raw(
    x_queue text, x_consumer text, x_retry_after timestamptz, x_ev_id bigint, x_ev_time timestamptz, x_ev_retry integer,
    x_ev_type text, x_ev_data text, x_ev_extra1 text, x_ev_extra2 text, x_ev_extra3 text, x_ev_extra4 text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_sub   record;
    v_id    bigint := x_ev_id;
begin
    select s.sub_id, q.queue_id, q.queue_event_seq into v_sub
      from pgq.subscription s
      join pgq.consumer c on c.co_id = s.sub_consumer
      join pgq.queue q on q.queue_id = s.sub_queue
     where q.queue_name = x_queue and c.co_name = x_consumer;
    if not found then
        raise exception 'consumer not registered'
            using errcode = 'TD002', detail = format('queue: %s, consumer: %s', x_queue, x_consumer);
    end if;
    if v_id is null then
        v_id := nextval(v_sub.queue_event_seq::regclass);
    end if;
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type, ev_data,
                                 ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    values (x_retry_after, v_sub.queue_id, v_id, coalesce(x_ev_time, now()), null, v_sub.sub_id, x_ev_retry, x_ev_type,
            x_ev_data, x_ev_extra1, x_ev_extra2, x_ev_extra3, x_ev_extra4);
    return v_id;
end;
$$;
