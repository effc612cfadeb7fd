-- pgq.event_retry(x_batch_id, x_event_id, x_retry_time), pgq.event_retry(x_batch_id, x_event_id, x_retry_seconds)
--
-- Asks for an event of the open batch once more, later. Only this consumer (or cooperative group) will get it.
--
-- Returns: int4, 1; 0 when the event waits for its retry already
-- Writes: pgq.retry_queue
-- Errors: TD002 batch not found, event not found
create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_time timestamptz) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_found int4;
    v_added int4;
begin
    execute
        'with ev as (select * from (' || pgq.batch_event_sql(x_batch_id) || ') e where e.ev_id = $2),'
        ' added as ('
        '   insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type,'
        '                                ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        '   select $3, s.sub_queue, ev.ev_id, ev.ev_time, null, s.sub_id, coalesce(ev.ev_retry, 0) + 1, ev.ev_type,'
        '          ev.ev_data, ev.ev_extra1, ev.ev_extra2, ev.ev_extra3, ev.ev_extra4'
        '     from ev cross join pgq.subscription s where s.sub_batch = $1'
        '   on conflict do nothing returning 1)'
        ' select (select count(*) from ev), (select count(*) from added)'
       into v_found, v_added
      using x_batch_id, x_event_id, x_retry_time;
    if v_found = 0 then
        raise exception 'event not found'
            using errcode = 'TD002', detail = format('batch: %s, event: %s', x_batch_id, x_event_id);
    end if;
    return v_added;
end;
$$;

create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_seconds integer) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return pgq.event_retry(x_batch_id, x_event_id, now() + make_interval(secs => x_retry_seconds));
end;
$$;
