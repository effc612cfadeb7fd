-- pgtide.begin_replay(i_queue, i_consumer, i_epoch, i_prev_tick, i_prev_time, i_tick, i_tick_time [, i_skew_ms])
--
-- On the subscriber, at the start of replay's transaction: locks the consumer's position, checks the lease's epoch against the
-- highest one that has written here, compares the position with the batch, and creates the stage.
--
-- Arguments: i_epoch - the lease's; null if replay is run by hand: then only the lock and the position protect; i_prev_tick,
--            i_tick - the batch's begin and end; i_prev_time, i_tick_time - when the provider made these two ticks; i_skew_ms -
--            how far the clocks of two machines may differ; the epoch is bounded by this server's clock, see pgtide.epoch_bound
-- Returns: verdict, position, after_ev_id, replica, copies
--              verdict      on-track         the batch starts at this node's position, or the position is inside of it
--                           already-applied  the batch ends at this node's position: only its end must still be reported to the provider
--                           lost             neither; or the ids fit, and the ticks' times do not
--                           paused           the node is paused
--              position     the last completed tick
--              after_ev_id  all events of the batch up to this id are applied; 0 if there are none
--              replica      whether replica mode is in use (pgtide.begin_apply); null unless on-track
--              copies       i_copies of pgtide.slice_query; null if no table is being copied, and unless on-track
-- Writes: pgtide.replay_state (a missing row; epoch, refusals); if on-track, as pgtide.begin_apply, and the temporary tables
--         pgtide_stage (the events), pgtide_typed (see pgtide.stage_rows) and pgtide_chunks (the chunks' states, read once for the
--         transaction), which it creates
-- Errors: TD002 the consumer is not registered; TD006 i_epoch is below the highest epoch; TD008 another run is replaying the
--         queue; TD012 i_epoch is beyond the bound
--
-- A tick of the same id and another time is another tick: the provider was restored from a backup, and has given out the id
-- again. If the position was moved by hand, no time is known, and only the ids are compared.
--
-- A stored epoch that is beyond the bound protects from nothing, and is replaced.
--
-- Without replica mode, replay declares itself by pgtide.applying, foreign keys are checked at the end of the transaction, and
-- user triggers are disabled (pgtide._disable_triggers_and_actions).
--
-- The caller must have opened the batch before: then a chunk that is pending here takes its snapshot after the batch's end.
create or replace function pgtide.begin_replay(i_queue text, i_consumer text, i_epoch bigint, i_prev_tick bigint,
    i_prev_time timestamptz, i_tick bigint, i_tick_time timestamptz, i_skew_ms bigint default 0,
    out verdict text, out "position" bigint, out after_ev_id bigint, out replica bool, out copies jsonb)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_state pgq_node.local_state;
    v_replay pgtide.replay_state;
    v_time timestamptz;
    v_bound bigint := pgtide.epoch_bound(i_skew_ms);
begin
    perform from pgq_node.local_state s where s.queue_name = i_queue and s.consumer_name = i_consumer;
    if not found then
        raise exception 'consumer not registered: %/%', i_queue, i_consumer using errcode = 'TD002',
            hint = 'pgtide init registers the nodes of the configuration';
    end if;
    -- The row is inserted only if it is missing: if another run has changed it, an insert would wait for the end of that run.
    if not exists (select from pgtide.replay_state r where r.queue_name = i_queue and r.consumer_name = i_consumer) then
        insert into pgtide.replay_state (queue_name, consumer_name) values (i_queue, i_consumer) on conflict do nothing;
    end if;
    begin
        select * into v_replay from pgtide.replay_state r
        where r.queue_name = i_queue and r.consumer_name = i_consumer for update nowait;
    exception when lock_not_available then
        raise exception 'another run is replaying queue % here', i_queue using errcode = 'TD008';
    end;
    select * into strict v_state from pgq_node.local_state s
    where s.queue_name = i_queue and s.consumer_name = i_consumer for update;
    if v_replay.epoch > v_bound then
        v_replay.epoch := -1;
    end if;
    if i_epoch < v_replay.epoch then
        raise exception 'lease epoch % is over, a run with epoch % has taken over', i_epoch, v_replay.epoch using errcode = 'TD006';
    elsif i_epoch > v_bound then
        raise exception 'lease epoch % is beyond this server''s clock', i_epoch using errcode = 'TD012',
            detail = format('The clock is at %s.', clock_timestamp()),
            hint = 'Set the clock that is wrong, this server''s or that of the machine that runs replay.';
    elsif i_epoch > v_replay.epoch or v_replay.refusals > 0 then
        update pgtide.replay_state r set epoch = coalesce(i_epoch, r.epoch), refusals = 0
        where r.queue_name = i_queue and r.consumer_name = i_consumer;
    end if;

    position := v_state.last_tick_id;
    after_ev_id := coalesce(v_replay.slice_ev_id, 0);
    if v_replay.tick_id = v_state.last_tick_id then
        v_time := v_replay.tick_time;
    end if;
    if v_state.paused then
        verdict := 'paused';
        return;
    elsif i_prev_tick = v_state.last_tick_id and coalesce(v_replay.slice_tick, i_tick) = i_tick
          and coalesce(v_time = i_prev_time, true) and coalesce(v_replay.slice_time = i_tick_time, true) then
        verdict := 'on-track';
    elsif i_tick = v_state.last_tick_id and v_replay.slice_tick is null and coalesce(v_time = i_tick_time, true) then
        verdict := 'already-applied';
        return;
    else
        verdict := 'lost';
        return;
    end if;

    perform pgtide.lock_structure(i_queue);
    replica := pgtide.begin_apply();
    create temp table pgtide_stage (
        ev_id bigint, ev_txid bigint, ev_time timestamptz, ev_type text, ev_data text,
        ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text, chunk_no int
    ) on commit drop;
    -- Wide values are read only once or twice: compressing them would cost more than everything else.
    alter table pg_temp.pgtide_stage alter ev_data set storage external, alter ev_extra2 set storage external;
    create temp table pgtide_typed (
        table_name text, relation oid, mark text, op "char", tag text, ev_type text, names text, first_txid bigint, stage text, events bigint
    ) on commit drop;
    -- FOR SHARE: no copy may start over while the states of its chunks are in use.
    perform from pgtide.table_state t where t.queue_name = i_queue and t.phase <> 'ok' for share;
    create temp table pgtide_chunks on commit drop as
    select c.table_name, c.chunk_no, c.state, c.snapshot, c.lower_key
    from pgtide.copy_chunk c
    join pgtide.table_state t using (queue_name, table_name)
    where c.queue_name = i_queue and t.phase in ('copying', 'catching-up');
    select jsonb_agg(jsonb_build_object('name', c.table_name, 'bounds', c.bounds)) into copies
    from (select table_name, coalesce(jsonb_agg(lower_key order by chunk_no) filter (where chunk_no > 0), '[]') as bounds
          from pg_temp.pgtide_chunks group by table_name) c;
end;
$$;
