-- pgq.batch_retry(i_batch_id, i_retry_seconds)
--
-- Asks for all events of the open batch once more, later.
--
-- Returns: int4, how many events were put aside; 0 when the batch is empty, or all of them wait already
-- Writes: pgq.retry_queue
-- Errors: TD002 batch not found
--
-- Never by reading all of pgq.subscription: beside an old transaction it is full of dead versions.
create or replace function pgq.batch_retry(i_batch_id bigint, i_retry_seconds integer) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_events    text;
    v_count     int4;
begin
    begin
        v_events := pgq.batch_event_sql(i_batch_id);
    exception when sqlstate 'TD002' then
        raise exception 'batch_retry: batch % not found', i_batch_id using errcode = 'TD002';
    end;
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
