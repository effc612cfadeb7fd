-- pgtide._batch_ids(i_batch)
--
-- On the provider: about where the ids of an open batch's events begin and end. It is an estimate from its ticks: ids that were made
-- elsewhere, or a sequence that was set back, may lie outside.
--
-- Returns: after_ev_id, last_ev_id
-- Writes: nothing
--
-- A tick reads the sequence before its own transaction gets an id, so a transaction with a higher id has higher event ids. And the
-- snapshot of the next tick has an xmax above that id. So what the batch's oldest transaction has written lies after the tick before the last one
-- with an xmax up to that transaction, or after the oldest tick that is kept.
create or replace function pgtide._batch_ids(i_batch bigint, out after_ev_id bigint, out last_ev_id bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_sub record;
    v_first txid_snapshot;
    v_last record;
    v_oldest bigint;
begin
    select s.sub_queue, s.sub_last_tick, s.sub_next_tick into v_sub from pgq.subscription s where s.sub_batch = i_batch;
    select t.tick_snapshot into v_first from pgq.tick t where t.tick_queue = v_sub.sub_queue and t.tick_id = v_sub.sub_last_tick;
    select t.tick_snapshot, t.tick_event_seq into v_last from pgq.tick t where t.tick_queue = v_sub.sub_queue and t.tick_id = v_sub.sub_next_tick;
    last_ev_id := coalesce(v_last.tick_event_seq, 0);
    select coalesce(min(x.txid), txid_snapshot_xmax(v_first)) into v_oldest
    from txid_snapshot_xip(v_first) x (txid) where txid_visible_in_snapshot(x.txid, v_last.tick_snapshot);
    select t.tick_event_seq into after_ev_id
    from pgq.tick t
    where t.tick_queue = v_sub.sub_queue and t.tick_id <= v_sub.sub_last_tick and txid_snapshot_xmax(t.tick_snapshot) <= v_oldest
    order by t.tick_id desc offset 1 limit 1;
    if not found then
        select t.tick_event_seq into after_ev_id from pgq.tick t where t.tick_queue = v_sub.sub_queue order by t.tick_id limit 1;
    end if;
    after_ev_id := coalesce(after_ev_id, 0);
end;
$$;
