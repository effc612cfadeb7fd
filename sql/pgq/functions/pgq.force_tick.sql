-- pgq.force_tick(i_queue_name)
--
-- Makes the next pgq.ticker() tick at once, by advancing the event sequence. Call it in a loop until the returned id
-- changes. Does nothing for a queue with an external or paused ticker.
--
-- Returns: bigint, the last tick there is (not a new one); null for an unknown queue
-- Writes: the queue's event sequence
--
-- The sequence is advanced by single nextval()s: setval() to a number computed before could set it back under
-- concurrent inserts, and event ids would repeat.
create or replace function pgq.force_tick(i_queue_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
begin
    select q.queue_id, q.queue_event_seq, q.queue_ticker_max_count,
           q.queue_external_ticker or q.queue_ticker_paused as stopped
      into v_queue
      from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        return null;
    end if;
    if not v_queue.stopped then
        perform count(nextval(v_queue.queue_event_seq::regclass))
           from generate_series(0, v_queue.queue_ticker_max_count::bigint * 2 + 1000);
    end if;
    return (select t.tick_id from pgq.tick t where t.tick_queue = v_queue.queue_id order by t.tick_id desc limit 1);
end;
$$;
