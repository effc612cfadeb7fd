-- pgq.get_batch_info(x_batch_id)
--
-- What an open batch is.
--
-- Arguments: lag - now() minus the time of the batch's last tick; seq_start, seq_end - event sequences at its ticks
-- Returns: one row; nulls when no such batch is open
-- Writes: nothing
create or replace function pgq.get_batch_info(
    in x_batch_id bigint,
    out queue_name text,
    out consumer_name text,
    out batch_start timestamptz,
    out batch_end timestamptz,
    out prev_tick_id bigint,
    out tick_id bigint,
    out lag interval,
    out seq_start bigint,
    out seq_end bigint
) returns record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    select q.queue_name, c.co_name, l.tick_time, n.tick_time, s.sub_last_tick, s.sub_next_tick,
           now() - n.tick_time, l.tick_event_seq, n.tick_event_seq
      into queue_name, consumer_name, batch_start, batch_end, prev_tick_id, tick_id, lag, seq_start, seq_end
      from pgq.subscription s
      join pgq.consumer c on c.co_id = s.sub_consumer
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.tick l on l.tick_queue = s.sub_queue and l.tick_id = s.sub_last_tick
      join pgq.tick n on n.tick_queue = s.sub_queue and n.tick_id = s.sub_next_tick
     where s.sub_batch = x_batch_id;
end;
$$;
