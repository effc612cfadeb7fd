-- pgtide.next_batch(i_queue, i_consumer, i_max_events)
--
-- On the provider: opens a batch of as many ticks as hold about i_max_events events together, but at least one tick, or
-- returns the open batch again. For roles that may consume from the queue.
--
-- Arguments: i_max_events - counted by the ticks' event sequence, which includes rolled-back events
-- Returns: batch_id, null when there is no tick to read; prev_tick_id, prev_tick_time; tick_id, tick_time, tick_snapshot;
--          behind_seconds, the age of the end of the batch, at least 0
-- Writes: pgq.subscription; sequence pgq.batch_id_seq
-- Errors: TD002 the consumer is not subscribed to the queue; TD005 the tick at which the consumer stands is gone; TD009 no
--         right to consume from the queue
--
-- PgQ's next_batch_custom cannot say "up to": it waits for a minimum.
create or replace function pgtide.next_batch(i_queue text, i_consumer text, i_max_events bigint,
    out batch_id bigint, out prev_tick_id bigint, out prev_tick_time timestamptz, out tick_id bigint, out tick_time timestamptz,
    out tick_snapshot txid_snapshot, out behind_seconds float8)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue int := (select q.queue_id from pgq.queue q where q.queue_name = i_queue);
begin
    if v_queue is null then
        raise exception 'Not subscriber to queue: %/%', i_queue, i_consumer using errcode = 'TD002',
            hint = 'pgtide init registers the nodes of the configuration';
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        select * into batch_id, prev_tick_id, prev_tick_time, tick_id, tick_time, tick_snapshot, behind_seconds
        from pgtide._consume_next_batch(v_queue, i_consumer, i_max_events);
        return;
    end if;
    execute format('select * from %s(''pgtide.next_batch'', $1) as r(batch_id bigint, prev_tick_id bigint,'
        ' prev_tick_time timestamptz, tick_id bigint, tick_time timestamptz, tick_snapshot txid_snapshot, behind_seconds float8)',
        pgq._gate(v_queue, 'consume'))
    into batch_id, prev_tick_id, prev_tick_time, tick_id, tick_time, tick_snapshot, behind_seconds
    using array[i_consumer, i_max_events::text];
end;
$$;
