-- pgq.get_consumer_info(), pgq.get_consumer_info(i_queue_name), pgq.get_consumer_info(i_queue_name, i_consumer_name)
--
-- State of the subscriptions.
--
-- Arguments: i_queue_name, i_consumer_name - null: all; lag - now() minus the time of the last finished tick; last_seen -
--            now() minus when it last opened or finished a batch; pending_events - by the event sequence, up to the last
--            tick
-- Returns: one row a subscription, by queue and consumer; none when there is none
-- Writes: nothing
create or replace function pgq.get_consumer_info(
    in i_queue_name text,
    in i_consumer_name text,
    out queue_name text,
    out consumer_name text,
    out lag interval,
    out last_seen interval,
    out last_tick bigint,
    out current_batch bigint,
    out next_tick bigint,
    out pending_events bigint
) returns setof record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query
        select q.queue_name, c.co_name, now() - t.tick_time, now() - s.sub_active,
               s.sub_last_tick, s.sub_batch, s.sub_next_tick,
               top.tick_event_seq - t.tick_event_seq
          from pgq.subscription s
          join pgq.queue q on q.queue_id = s.sub_queue
          join pgq.consumer c on c.co_id = s.sub_consumer
          left join pgq.tick t on t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick
          left join lateral (
                select x.tick_event_seq from pgq.tick x
                 where x.tick_queue = s.sub_queue order by x.tick_id desc limit 1) top on true
         where (i_queue_name is null or q.queue_name = i_queue_name)
           and (i_consumer_name is null or c.co_name = i_consumer_name)
         order by q.queue_name, c.co_name;
end;
$$;

create or replace function pgq.get_consumer_info(
    in i_queue_name text,
    out queue_name text,
    out consumer_name text,
    out lag interval,
    out last_seen interval,
    out last_tick bigint,
    out current_batch bigint,
    out next_tick bigint,
    out pending_events bigint
) returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select * from pgq.get_consumer_info(i_queue_name, null);
$$;

create or replace function pgq.get_consumer_info(
    out queue_name text,
    out consumer_name text,
    out lag interval,
    out last_seen interval,
    out last_tick bigint,
    out current_batch bigint,
    out next_tick bigint,
    out pending_events bigint
) returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select * from pgq.get_consumer_info(null, null);
$$;
