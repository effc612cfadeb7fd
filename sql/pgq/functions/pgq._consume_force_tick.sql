-- pgq._consume_force_tick(i_queue_id)
--
-- What pgq.force_tick does behind the gate.
--
-- Returns: bigint, the last tick there is
-- Writes: the queue's event sequence
--
-- The sequence is advanced by single nextval()s: setval() to a number computed before could set it back under
-- concurrent inserts, and event ids would repeat.
create or replace function pgq._consume_force_tick(i_queue_id int4) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
begin
    select q.queue_id, q.queue_event_seq, q.queue_ticker_max_count,
           q.queue_external_ticker or q.queue_ticker_paused as stopped
      into v_queue
      from pgq.queue q where q.queue_id = i_queue_id;
    if not found then
        return null;
    end if;
    if not v_queue.stopped then
        perform count(nextval(pgq.quote_fqname(v_queue.queue_event_seq)::regclass))
           from generate_series(0, v_queue.queue_ticker_max_count::bigint * 2 + 1000);
    end if;
    return (select t.tick_id from pgq.tick t where t.tick_queue = v_queue.queue_id order by t.tick_id desc limit 1);
end;
$$;
