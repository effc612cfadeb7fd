-- pgtide.queue_new_epoch(i_queue, i_tell)
--
-- On the provider: repairs a queue whose transaction ids went back, because its database was restored from a dump or is
-- served by another cluster now.
--
-- Arguments: i_tell - on a root: insert the event pgtide.new-epoch, which makes the nodes start copies under way over
-- Returns: repaired, false when there is nothing to repair: the ids of ticks, events and switches are all in the past;
--          kept_ticks and pending_events, the numbers of ticks and events that are left, 0 when nothing was repaired
-- Writes: pgq.tick, pgq.queue, the queue's event tables, row tables and sequences, sequence pgq.batch_id_seq; with i_tell an event
-- Errors: TD002 no such queue; TD003 the transaction is not READ COMMITTED, or too few transactions have run to give each
--         tick its own snapshot
--
-- Until it has run the ticker fails with 'Invalid PgQ state', because new transactions look older than the ticks. Consumers
-- stay at their positions, open batches stay open, and each consumer gets the events that it has not read: no event twice,
-- none left out. The event tables are locked, so it waits for writers, and they wait for it, also when there is nothing to
-- repair.
--
-- The snapshots of the chunks of a copy mean nothing in the new epoch, so copies under way must start over. Nodes that do
-- not run pgtide stop at the event pgtide.new-epoch, which they do not know.
--
-- Ticks at which no consumer stands are deleted, except the last one. The others, t(1) .. t(m), get snapshots that follow
-- each other just below the oldest running transaction x: t(i) sees all below x - (m - i), and t(m), the last one, all that
-- the present sees. An event of the old epoch gets an id between the last tick that does not see it and the first that does:
-- x - (m - i + 1) if that is t(i). Events that t(1) sees were read by all consumers, and are deleted. Events that t(m) does
-- not see get the id of this transaction, which the next tick sees.
--
-- Events that were inserted since the ids went back have small ids, which old ticks take as seen: they get the id of this
-- transaction too. They are recognized by two facts: the transaction whose id they bear wrote them (or a subtransaction of
-- it, which has a higher id), and it did so after the ticks were written. Restored events were written by a transaction of
-- the restore.
create or replace function pgtide.queue_new_epoch(i_queue text, i_tell bool default true,
    out repaired bool, out kept_ticks int, out pending_events bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue pgq.queue;
    v_own bigint;
    v_now txid_snapshot;
    v_low bigint;
    v_restored bigint;
    v_highest bigint;
    v_tables text[];
    v_next text[];
    v_table text;
    v_rows bigint;
    v_ticks bigint[];
    v_snapshots txid_snapshot[];
    v_new text;
    v_case text := '';
begin
    repaired := false;
    kept_ticks := 0;
    pending_events := 0;
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'queue_new_epoch must run in READ COMMITTED' using errcode = 'TD003';
    end if;
    select * into v_queue from pgq.queue q where q.queue_name = i_queue;
    if not found then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002';
    end if;
    perform pg_advisory_xact_lock(7366513, v_queue.queue_id);
    select * into strict v_queue from pgq.queue q where q.queue_id = v_queue.queue_id for no key update;
    perform from pgq.subscription s where s.sub_queue = v_queue.queue_id for update;
    select array_agg(format('%s_%s', v_queue.queue_data_pfx, n) order by n = v_queue.queue_cur_table, n <> (v_queue.queue_cur_table + 1)
                     % v_queue.queue_ntables) into v_tables
    from generate_series(0, v_queue.queue_ntables - 1) n;
    v_next := v_tables[1]
        || array(select r.name from pgtide._row_tables(v_queue.queue_id, (v_queue.queue_cur_table + 1) % v_queue.queue_ntables, false) r);
    v_tables := v_tables || array(select r.name from pgtide._row_tables(v_queue.queue_id, null, false) r);
    foreach v_table in array v_tables loop
        execute format('lock table %s in access exclusive mode', v_table);
    end loop;

    -- From here on no session writes an event, and the statement's snapshot is after every writer that was waited for.
    v_own := txid_current();
    v_now := txid_current_snapshot();
    v_low := least(txid_snapshot_xmin(v_now), v_own);
    select max(txid_snapshot_xmax(t.tick_snapshot)) into v_highest from pgq.tick t where t.tick_queue = v_queue.queue_id;
    v_highest := greatest(v_highest, v_queue.queue_switch_step1, v_queue.queue_switch_step2);
    foreach v_table in array v_tables loop
        execute format('select greatest($1, max(ev_txid)) from %s', v_table) into v_highest using v_highest;
    end loop;
    if v_highest <= greatest(txid_snapshot_xmax(v_now), v_own) then
        return;
    end if;

    delete from pgq.tick t
    where t.tick_queue = v_queue.queue_id
      and t.tick_id < (select max(l.tick_id) from pgq.tick l where l.tick_queue = v_queue.queue_id)
      and not exists (select from pgq.subscription s
                      where s.sub_queue = t.tick_queue and t.tick_id in (s.sub_last_tick, s.sub_next_tick));
    select array_agg(t.tick_id order by t.tick_id), array_agg(t.tick_snapshot order by t.tick_id),
           max(v_own - (v_own - t.xmin::text::bigint & 4294967295)), count(*)
    into v_ticks, v_snapshots, v_restored, kept_ticks
    from pgq.tick t where t.tick_queue = v_queue.queue_id;
    if v_low - kept_ticks < 4 then
        raise exception 'too few transactions have been to tell % ticks apart', kept_ticks using errcode = 'TD003',
            hint = 'Run select txid_current() some times, each in a transaction of its own, and call this again.';
    end if;

    v_new := format('ev_txid <= %s and ev_txid > %s and %s - (%s - xmin::text::bigint & 4294967295) >= ev_txid',
                    v_own, coalesce(v_restored, 0), v_own, v_own);
    for i in 2 .. kept_ticks loop
        v_case := v_case || format(' when txid_visible_in_snapshot(ev_txid, %L) then %s', v_snapshots[i], v_low - (kept_ticks - i + 1));
    end loop;
    -- The next rotation would empty these tables: no consumer needs them.
    execute format('truncate %s', array_to_string(v_next, ', '));
    foreach v_table in array v_tables loop
        continue when v_table = any (v_next);
        if kept_ticks > 0 then
            execute format('delete from %s where not (%s) and txid_visible_in_snapshot(ev_txid, %L)', v_table, v_new, v_snapshots[1]);
        end if;
        execute format('update %s set ev_txid = case when %s then %s%s else %s end', v_table, v_new, v_own, v_case, v_own);
        get diagnostics v_rows = row_count;
        pending_events := pending_events + v_rows;
        execute format('select greatest($1, max(ev_id)) from %s', v_table) into v_highest using 0;
        perform pgq.seq_setval(v_queue.queue_event_seq, v_highest);
    end loop;

    for i in 1 .. kept_ticks loop
        update pgq.tick t
        set tick_snapshot = case when i < kept_ticks then format('%1$s:%1$s:', v_low - (kept_ticks - i))::txid_snapshot
                                 else pgtide._snapshot_with(v_now, v_own) end
        where t.tick_queue = v_queue.queue_id and t.tick_id = v_ticks[i];
    end loop;
    update pgq.queue q set queue_switch_step1 = v_low - kept_ticks - 1, queue_switch_step2 = v_own where q.queue_id = v_queue.queue_id;
    perform pgq.seq_setval(v_queue.queue_tick_seq, max(t.tick_id)), pgq.seq_setval(v_queue.queue_event_seq, max(t.tick_event_seq))
    from pgq.tick t where t.tick_queue = v_queue.queue_id;
    perform pgq.seq_setval('pgq.batch_id_seq', (select max(s.sub_batch) from pgq.subscription s));
    if i_tell and exists (select from pgq_node.node_info n where n.queue_name = i_queue and n.node_type = 'root') then
        perform pgq.insert_event(i_queue, 'pgtide.new-epoch', v_own::text, i_queue, null, null, null);
    end if;
    repaired := true;
end;
$$;
