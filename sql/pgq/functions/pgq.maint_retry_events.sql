-- pgq.maint_retry_events()
--
-- Puts due events of the retry queue into their queues again, at most ten a call, with the ids, times and owners they had.
--
-- Returns: int4, the number of events; call again until it is 0
-- Writes: pgq.retry_queue, event tables
create or replace function pgq.maint_retry_events() returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_limit constant int4 := 10;
    v_event record;
    v_count int4 := 0;
begin
    lock table pgq.retry_queue in share update exclusive mode;
    for v_event in
        select r.*, q.queue_name
          from pgq.retry_queue r join pgq.queue q on q.queue_id = r.ev_queue
         where r.ev_retry_after <= now()
         order by r.ev_retry_after limit c_limit
    loop
        perform pgq.insert_event_raw(v_event.queue_name, v_event.ev_id, v_event.ev_time, v_event.ev_owner,
            v_event.ev_retry, v_event.ev_type, v_event.ev_data, v_event.ev_extra1, v_event.ev_extra2,
            v_event.ev_extra3, v_event.ev_extra4);
        delete from pgq.retry_queue where ev_owner = v_event.ev_owner and ev_id = v_event.ev_id;
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
