-- pgq.event_retry(x_batch_id, x_event_id, x_retry_time), pgq.event_retry(x_batch_id, x_event_id, x_retry_seconds)
--
-- Asks for an event of the open batch once more, later. Only this consumer (or cooperative group) will get it.
--
-- Returns: int4, 1; 0 when the event waits for its retry already
-- Writes: pgq.retry_queue
-- Errors: TD002 batch not found, event not found; TD009 no right to consume from its queue
create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_time timestamptz) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := pgq._batch_queue(x_batch_id);
    v_result    int4;
begin
    if v_queue_id is null then
        raise exception 'batch not found' using errcode = 'TD002', detail = 'batch: ' || coalesce(x_batch_id::text, 'null');
    end if;
    execute format('select r.n from %s(''pgq.event_retry'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result
      using array[x_batch_id::text, x_event_id::text, to_json(x_retry_time)#>>'{}']; -- the same under every DateStyle
    return v_result;
end;
$$;

create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_seconds integer) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    return pgq.event_retry(x_batch_id, x_event_id, now() + make_interval(secs => x_retry_seconds));
end;
$$;
