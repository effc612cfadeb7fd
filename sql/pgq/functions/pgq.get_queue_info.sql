-- pgq.get_queue_info(), pgq.get_queue_info(i_queue_name)
--
-- State of the queues.
--
-- Arguments: ticker_lag - now() minus the last tick's time, below 0 where the clock was set back; ev_per_sec - over the last 20
--            ticks; ev_new - events since
--            the last tick, by the event sequence
-- Returns: one row a queue, by name; none for an unknown queue
-- Writes: nothing
create or replace function pgq.get_queue_info(
    in i_queue_name text,
    out queue_name text,
    out queue_ntables integer,
    out queue_cur_table integer,
    out queue_rotation_period interval,
    out queue_switch_time timestamptz,
    out queue_external_ticker boolean,
    out queue_ticker_paused boolean,
    out queue_ticker_max_count integer,
    out queue_ticker_max_lag interval,
    out queue_ticker_idle_period interval,
    out ticker_lag interval,
    out ev_per_sec float8,
    out ev_new bigint,
    out last_tick_id bigint
) returns setof record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query
        select q.queue_name, q.queue_ntables, q.queue_cur_table, q.queue_rotation_period, q.queue_switch_time,
               q.queue_external_ticker, q.queue_ticker_paused, q.queue_ticker_max_count, q.queue_ticker_max_lag,
               q.queue_ticker_idle_period,
               now() - top.tick_time,
               (top.tick_event_seq - low.tick_event_seq)
                   / nullif(greatest(extract(epoch from top.tick_time - low.tick_time), 0), 0)::float8,
               coalesce(pg_sequence_last_value(pgq.quote_fqname(q.queue_event_seq)::regclass), 0) - top.tick_event_seq,
               top.tick_id
          from pgq.queue q
          left join lateral (
                select t.tick_id, t.tick_time, t.tick_event_seq from pgq.tick t
                 where t.tick_queue = q.queue_id order by t.tick_id desc limit 1) top on true
          left join lateral (
                select r.tick_time, r.tick_event_seq
                  from (select t.tick_id, t.tick_time, t.tick_event_seq from pgq.tick t
                         where t.tick_queue = q.queue_id order by t.tick_id desc limit 20) r
                 order by r.tick_id limit 1) low on true
         where i_queue_name is null or q.queue_name = i_queue_name
         order by q.queue_name;
end;
$$;

create or replace function pgq.get_queue_info(
    out queue_name text,
    out queue_ntables integer,
    out queue_cur_table integer,
    out queue_rotation_period interval,
    out queue_switch_time timestamptz,
    out queue_external_ticker boolean,
    out queue_ticker_paused boolean,
    out queue_ticker_max_count integer,
    out queue_ticker_max_lag interval,
    out queue_ticker_idle_period interval,
    out ticker_lag interval,
    out ev_per_sec float8,
    out ev_new bigint,
    out last_tick_id bigint
) returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select * from pgq.get_queue_info(null);
$$;
