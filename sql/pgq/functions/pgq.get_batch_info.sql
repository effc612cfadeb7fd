-- pgq.get_batch_info(x_batch_id)
--
-- What an open batch is.
--
-- Arguments: lag - now() minus the time of the batch's last tick; seq_start, seq_end - event sequences at its ticks
-- Returns: one row; nulls when no such batch is open
-- Writes: nothing
--
-- Each row is looked up by itself (offset 0): a join that was planned while there were few ticks would read them all later on.
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
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    select q.queue_name, c.co_name, l.tick_time, n.tick_time, s.sub_last_tick, s.sub_next_tick,
           now() - n.tick_time, l.tick_event_seq, n.tick_event_seq
      into queue_name, consumer_name, batch_start, batch_end, prev_tick_id, tick_id, lag, seq_start, seq_end
      from (select x.* from pgq.subscription x where x.sub_batch = x_batch_id offset 0) s
      join pgq.consumer c on c.co_id = s.sub_consumer
      join pgq.queue q on q.queue_id = s.sub_queue
     cross join lateral (
            select t.tick_time, t.tick_event_seq from pgq.tick t where t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick offset 0) l
     cross join lateral (
            select t.tick_time, t.tick_event_seq from pgq.tick t where t.tick_queue = s.sub_queue and t.tick_id = s.sub_next_tick offset 0) n;
end;
$$;
