-- pgq._consume_batch_retry(i_queue_id, i_batch_id, i_retry_seconds)
--
-- What pgq.batch_retry does behind the gate.
--
-- Returns: int4, the number of events that were added
-- Writes: pgq.retry_queue
-- Errors: TD002 the batch is not one of this queue
create or replace function pgq._consume_batch_retry(i_queue_id int4, i_batch_id bigint, i_retry_seconds integer) returns int4
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_events    text;
    v_count     int4;
begin
    if pgq._batch_queue(i_batch_id) is distinct from i_queue_id then
        raise exception 'batch_retry: batch % not found', i_batch_id using errcode = 'TD002';
    end if;
    v_events := pgq.batch_event_sql(i_batch_id);
    execute
        'insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type,'
        '                             ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        ' select now() + make_interval(secs => $2), s.sub_queue, ev.ev_id, ev.ev_time, null, s.sub_id,'
        '        coalesce(ev.ev_retry, 0) + 1, ev.ev_type,'
        '        ev.ev_data, ev.ev_extra1, ev.ev_extra2, ev.ev_extra3, ev.ev_extra4'
        '   from (' || v_events || ') ev cross join pgq.subscription s where s.sub_batch = $1'
        ' on conflict do nothing'
      using i_batch_id, i_retry_seconds;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;
