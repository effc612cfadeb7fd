-- pgq._admin_ticker(i_queue_id, i_tick_id, i_orig_timestamp, i_event_seq)
--
-- What pgq.ticker with four arguments does behind the gate.
--
-- Returns: bigint, the tick's id
-- Writes: pgq.tick; moves the queue's sequences forward
-- Errors: TD003 no external ticker, wrong isolation level, a tick that would not be after the last one
create or replace function pgq._admin_ticker(
    i_queue_id int4, i_tick_id bigint, i_orig_timestamp timestamptz, i_event_seq bigint
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
begin
    select q.queue_id, q.queue_tick_seq, q.queue_event_seq into v_queue
      from pgq.queue q
     where q.queue_id = i_queue_id and q.queue_external_ticker and not q.queue_ticker_paused;
    if not found then
        raise exception 'queue not found or ticker disabled: %',
            (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id) using errcode = 'TD003';
    end if;
    perform pgq._lock_ticks(v_queue.queue_id);
    perform pgq._store_tick(v_queue.queue_id, i_tick_id, i_orig_timestamp, i_event_seq);
    perform pgq.seq_setval(v_queue.queue_tick_seq, i_tick_id);
    perform pgq.seq_setval(v_queue.queue_event_seq, i_event_seq);
    return i_tick_id;
end;
$$;
