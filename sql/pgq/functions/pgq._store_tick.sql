-- pgq._store_tick(i_queue_id, i_tick_id, i_time, i_event_seq)
--
-- Stores a tick with the current snapshot. The caller holds pgq._lock_ticks since an earlier statement.
--
-- Returns: bigint, the tick's id
-- Writes: pgq.tick
-- Errors: TD003 id or snapshot are not after the last tick's (a database restored from a dump counts its transactions
--         from a lower number)
--
-- txid_current_snapshot() leaves out its own transaction, which then counts as finished once a younger one is. An event
-- that this transaction inserts later would lie before the tick. So the own id is put among the running ones.
--
-- Times grow from tick to tick, except where the clock was set back: times that all wait in the future would stop whatever
-- goes by the age of a tick. What orders ticks is their ids and snapshots alone.
create or replace function pgq._store_tick(
    i_queue_id int4, i_tick_id bigint, i_time timestamptz, i_event_seq bigint
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_own       bigint := txid_current();
    v_snapshot  txid_snapshot := txid_current_snapshot();
    v_last      record;
begin
    if txid_visible_in_snapshot(v_own, v_snapshot) then
        select format('%s:%s:%s', least(txid_snapshot_xmin(v_snapshot), v_own), txid_snapshot_xmax(v_snapshot),
                      string_agg(x.txid::text, ',' order by x.txid))::txid_snapshot
          into v_snapshot
          from (select v_own as txid union select txid_snapshot_xip(v_snapshot)) x;
    end if;

    select t.tick_id, t.tick_time, t.tick_snapshot into v_last
      from pgq.tick t where t.tick_queue = i_queue_id order by t.tick_id desc limit 1;
    if found then
        if i_tick_id <= v_last.tick_id then
            raise exception 'Invalid PgQ state: old tick=%, new tick=%', v_last.tick_id, i_tick_id
                using errcode = 'TD003', hint = 'The queue''s tick sequence is behind its ticks: move it with pgq.seq_setval.';
        end if;
        if txid_snapshot_xmin(v_last.tick_snapshot) > txid_snapshot_xmin(v_snapshot)
            or txid_snapshot_xmax(v_last.tick_snapshot) > txid_snapshot_xmax(v_snapshot)
        then
            raise exception 'Invalid PgQ state: old xmin=%, old xmax=%, cur xmin=%, cur xmax=%',
                txid_snapshot_xmin(v_last.tick_snapshot), txid_snapshot_xmax(v_last.tick_snapshot),
                txid_snapshot_xmin(v_snapshot), txid_snapshot_xmax(v_snapshot)
                using errcode = 'TD003',
                detail = 'Transaction ids went back: this database was restored from a dump.',
                hint = 'select * from pgtide.queue_new_epoch(queue) repairs it.';
        end if;
    end if;

    insert into pgq.tick (tick_queue, tick_id, tick_time, tick_snapshot, tick_event_seq)
    values (i_queue_id, i_tick_id,
            case when v_last.tick_time > clock_timestamp() then i_time else greatest(i_time, v_last.tick_time) end,
            v_snapshot, i_event_seq);
    return i_tick_id;
end;
$$;
