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
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = x_queue);
    v_result    bigint;
begin
    if v_queue_id is null then
        raise exception 'consumer not registered'
            using errcode = 'TD002', detail = format('queue: %s, consumer: %s', x_queue, x_consumer);
    end if;
    execute format('select r.n from %s(''pgq.event_retry_raw'', $1) as r(n bigint)', pgq._gate(v_queue_id, 'admin'))
       into v_result
      using array[x_consumer, to_json(x_retry_after)#>>'{}', x_ev_id::text, to_json(x_ev_time)#>>'{}', x_ev_retry::text,
                  x_ev_type, x_ev_data, x_ev_extra1, x_ev_extra2, x_ev_extra3, x_ev_extra4];
    return v_result;
end;
$$;
