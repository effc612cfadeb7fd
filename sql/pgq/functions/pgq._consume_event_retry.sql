-- pgq._consume_event_retry(i_queue_id, i_batch_id, i_event_id, i_retry_time)
--
-- What pgq.event_retry does behind the gate.
--
-- Returns: int4, 1; 0 when the event waits for its retry already
-- Writes: pgq.retry_queue
-- Errors: TD002 the batch is not one of this queue, event not found
create or replace function pgq._consume_event_retry(
    i_queue_id int4, i_batch_id bigint, i_event_id bigint, i_retry_time timestamptz
) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_found int4;
    v_added int4;
begin
    if pgq._batch_queue(i_batch_id) is distinct from i_queue_id then
        raise exception 'batch not found' using errcode = 'TD002', detail = 'batch: ' || coalesce(i_batch_id::text, 'null');
    end if;
    execute
        'with ev as (select * from (' || pgq.batch_event_sql(i_batch_id) || ') e where e.ev_id = $2),'
        ' added as ('
        '   insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type,'
        '                                ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        '   select $3, s.sub_queue, ev.ev_id, ev.ev_time, null, s.sub_id, coalesce(ev.ev_retry, 0) + 1, ev.ev_type,'
        '          ev.ev_data, ev.ev_extra1, ev.ev_extra2, ev.ev_extra3, ev.ev_extra4'
        '     from ev cross join pgq.subscription s where s.sub_batch = $1'
        '   on conflict do nothing returning 1)'
        ' select (select count(*) from ev), (select count(*) from added)'
       into v_found, v_added
      using i_batch_id, i_event_id, i_retry_time;
    if v_found = 0 then
        raise exception 'event not found'
            using errcode = 'TD002', detail = format('batch: %s, event: %s', i_batch_id, i_event_id);
    end if;
    return v_added;
end;
$$;
