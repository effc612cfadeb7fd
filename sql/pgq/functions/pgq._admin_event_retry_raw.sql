-- pgq._admin_event_retry_raw(i_queue_id, i_consumer, i_retry_after, i_ev_id, i_ev_time, i_ev_retry, i_ev_type, i_ev_data,
--                            i_ev_extra1, i_ev_extra2, i_ev_extra3, i_ev_extra4)
--
-- What pgq.event_retry_raw does behind the gate.
--
-- Returns: bigint, the event's id
-- Writes: pgq.retry_queue
-- Errors: TD002 consumer not registered
create or replace function pgq._admin_event_retry_raw(
    i_queue_id int4, i_consumer text, i_retry_after timestamptz, i_ev_id bigint, i_ev_time timestamptz, i_ev_retry integer,
    i_ev_type text, i_ev_data text, i_ev_extra1 text, i_ev_extra2 text, i_ev_extra3 text, i_ev_extra4 text
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_sub   record;
    v_id    bigint := i_ev_id;
begin
    select s.sub_id, q.queue_id, q.queue_event_seq into v_sub
      from pgq.subscription s
      join pgq.consumer c on c.co_id = s.sub_consumer
      join pgq.queue q on q.queue_id = s.sub_queue
     where q.queue_id = i_queue_id and c.co_name = i_consumer;
    if not found then
        raise exception 'consumer not registered'
            using errcode = 'TD002', detail = format('queue: %s, consumer: %s',
                (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id), i_consumer);
    end if;
    if v_id is null then
        v_id := nextval(pgq.quote_fqname(v_sub.queue_event_seq)::regclass);
    end if;
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type, ev_data,
                                 ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    values (i_retry_after, v_sub.queue_id, v_id, coalesce(i_ev_time, now()), null, v_sub.sub_id, i_ev_retry, i_ev_type,
            i_ev_data, i_ev_extra1, i_ev_extra2, i_ev_extra3, i_ev_extra4);
    return v_id;
end;
$$;
