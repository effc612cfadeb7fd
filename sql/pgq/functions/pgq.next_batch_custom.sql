-- pgq.next_batch_custom(i_queue_name, i_consumer_name, i_min_lag, i_min_count, i_min_interval)
--
-- Opens the consumer's next batch. While one is open, it is returned again, whoever asks, until pgq.finish_batch.
--
-- Arguments: i_min_lag - not before its last tick is that old (one from the future is: the clock was set back); i_min_count,
--            i_min_interval - not before it holds that many events or spans that time (see pgq.find_tick_helper). All may be
--            null: the next tick ends the batch.
-- Returns: batch_id, ticks and their times and event sequences; nulls when there is no batch yet. The sequences are hints:
--          equal ones do not prove that a batch is empty.
-- Writes: pgq.subscription, only when it opens a batch: polling leaves no dead rows
-- Errors: TD002 not subscribed; TD003 the consumer's tick is gone; TD009 no right to consume from the queue
create or replace function pgq.next_batch_custom(
    in i_queue_name text,
    in i_consumer_name text,
    in i_min_lag interval,
    in i_min_count int4,
    in i_min_interval interval,
    out batch_id int8,
    out cur_tick_id int8,
    out prev_tick_id int8,
    out cur_tick_time timestamptz,
    out prev_tick_time timestamptz,
    out cur_tick_event_seq int8,
    out prev_tick_event_seq int8
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
begin
    if v_queue_id is null then
        raise exception 'Not subscriber to queue: %/%',
            coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL')
            using errcode = 'TD002', hint = 'Subscribe it with pgq.register_consumer.';
    end if;
    execute format('select * from %s(''pgq.next_batch_custom'', $1) as r(batch_id int8, cur_tick_id int8, prev_tick_id int8,'
        ' cur_tick_time timestamptz, prev_tick_time timestamptz, cur_tick_event_seq int8, prev_tick_event_seq int8)',
        pgq._gate(v_queue_id, 'consume'))
       into batch_id, cur_tick_id, prev_tick_id, cur_tick_time, prev_tick_time, cur_tick_event_seq, prev_tick_event_seq
      using array[i_consumer_name, i_min_lag::text, i_min_count::text, i_min_interval::text];
end;
$$;
