-- pgtide.advance(i_queue, i_consumer, i_tick, i_tick_time, i_tick_snapshot, i_events, i_last_ev_id, i_complete, i_limit)
--
-- On the subscriber, the last step of replay's transaction: moves the consumer's position past what was staged.
--
-- Arguments: i_tick, i_tick_time, i_tick_snapshot - the batch's end; i_events - the number of staged events;
--            i_last_ev_id - the slice had all events up to this id; i_complete - the batch is whole: the position becomes i_tick, and copies move on; otherwise
--            i_last_ev_id becomes the durable place inside the batch; i_limit - the largest number of events in the next slice; null if
--            nothing limits it
-- Returns: nothing
-- Writes: pgtide.replay_state; if the batch is whole, as pgtide._settle_copies and pgq_node.set_consumer_completed
create or replace function pgtide.advance(i_queue text, i_consumer text, i_tick bigint, i_tick_time timestamptz,
    i_tick_snapshot txid_snapshot, i_events bigint, i_last_ev_id bigint, i_complete bool, i_limit bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgtide.replay_state r
    set events = r.events + i_events,
        batches = r.batches + i_complete::int,
        slice_tick = case when not i_complete then i_tick end,
        slice_time = case when not i_complete then i_tick_time end,
        slice_ev_id = case when not i_complete then i_last_ev_id end,
        applied_at = now(),
        attempt_events = i_limit,
        attempts_alone = 0,
        attempt_note = null,
        tick_id = case when i_complete then i_tick else r.tick_id end,
        tick_time = case when i_complete then i_tick_time else r.tick_time end
    where r.queue_name = i_queue and r.consumer_name = i_consumer;
    if i_complete then
        perform pgtide._settle_copies(i_queue, i_tick_snapshot);
        perform pgq_node.set_consumer_completed(i_queue, i_consumer, i_tick);
    end if;
end;
$$;
