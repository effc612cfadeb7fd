-- pgq.find_tick_helper(i_queue_id, i_prev_tick_id, i_prev_tick_time, i_prev_tick_seq, i_min_count, i_min_interval)
--
-- Finds the tick that ends a batch of at least i_min_count events or at least i_min_interval, whichever comes first: the
-- last tick, or, when that is more than twice too far, the first tick that suffices. Where times go down, the clock was set back,
-- and how long the interval was cannot be known: it suffices.
--
-- Arguments: i_prev_tick_* - where the batch begins; i_min_count, i_min_interval - null: does not count
-- Returns: next_tick_id, next_tick_time, next_tick_seq; nulls when no tick suffices yet
-- Writes: nothing
create or replace function pgq.find_tick_helper(
    in i_queue_id int4,
    in i_prev_tick_id int8,
    in i_prev_tick_time timestamptz,
    in i_prev_tick_seq int8,
    in i_min_count int8,
    in i_min_interval interval,
    out next_tick_id int8,
    out next_tick_time timestamptz,
    out next_tick_seq int8
) returns record
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_last record;
begin
    select t.tick_id, t.tick_time, t.tick_event_seq,
           t.tick_event_seq - i_prev_tick_seq as events,
           case when i_min_interval is not null then t.tick_time - i_prev_tick_time end as lapse
      into v_last
      from pgq.tick t where t.tick_queue = i_queue_id order by t.tick_id desc limit 1;
    if not found or v_last.tick_id <= i_prev_tick_id then
        return;
    end if;
    if (v_last.events >= i_min_count or v_last.lapse >= i_min_interval or v_last.lapse < '0') is not true then
        return;
    end if;

    if (v_last.events > i_min_count * 2 or v_last.lapse > i_min_interval * 2) is true then
        select t.tick_id, t.tick_time, t.tick_event_seq into next_tick_id, next_tick_time, next_tick_seq
          from pgq.tick t
         where t.tick_queue = i_queue_id and t.tick_id > i_prev_tick_id
           and (t.tick_event_seq - i_prev_tick_seq >= i_min_count or t.tick_time - i_prev_tick_time >= i_min_interval
                or i_min_interval is not null and t.tick_time < i_prev_tick_time)
         order by t.tick_id limit 1;
    else
        next_tick_id := v_last.tick_id;
        next_tick_time := v_last.tick_time;
        next_tick_seq := v_last.tick_event_seq;
    end if;
end;
$$;
