-- pgq._batch_parts(x_batch_id)
--
-- The tables that may hold events of a batch, and which of their rows belong to it.
--
-- Returns: setof (source, condition, events, heads, size), a row for each table and condition:
--              source     an event table, or a row table that has rows of the batch, quoted
--              condition  over ev_txid; the conditions of one table exclude each other
--              events, heads, size    of a row table, as in pgq._row_tables; null: an event table
-- Writes: nothing
-- Errors: TD002 batch not found
--
-- A batch lies between the snapshots S1 and S2 of two ticks: its events are of transactions that S2 sees and S1 does
-- not. Naively that is a scan of [xmin(S1), xmax(S2)] with both tests. But one transaction that stays open for hours
-- keeps xmin(S1) where it is, and every batch would read hours of events again. So: a transaction that S1 does not see
-- began after S1 (id >= xmax(S1)), or was running in S1. The first kind is one range scan from xmax(S1). Of the second
-- kind only those that ended before S2 count, and they are known one by one: the ones near the range widen it (the tests
-- sort out what else is in there), the others go into an explicit list.
-- Each row is looked up by itself (offset 0): a join that was planned while there were few ticks would read them all later on.
create or replace function pgq._batch_parts(
    in x_batch_id bigint, out source text, out condition text, out events text, out heads text, out size text
) returns setof record
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    c_near  constant bigint := 100;
    v_batch record;
    v_txid  bigint;
    v_from  bigint;
    v_list  text := '';
    v_conditions text[];
    v_tables int4[] := '{}';
    v_table record;
    v_has   boolean;
begin
    select s.sub_queue, l.tick_snapshot as s1, c.tick_snapshot as s2 into v_batch
      from (select x.* from pgq.subscription x where x.sub_batch = x_batch_id offset 0) s
     cross join lateral (
            select t.tick_snapshot from pgq.tick t where t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick offset 0) l
     cross join lateral (
            select t.tick_snapshot from pgq.tick t where t.tick_queue = s.sub_queue and t.tick_id = s.sub_next_tick offset 0) c;
    if not found then
        raise exception 'batch not found' using errcode = 'TD002', detail = 'batch: ' || coalesce(x_batch_id::text, 'null');
    end if;

    v_from := txid_snapshot_xmax(v_batch.s1);
    for v_txid in
        select x.txid from txid_snapshot_xip(v_batch.s1) x(txid)
         where txid_visible_in_snapshot(x.txid, v_batch.s2) order by x.txid desc
    loop
        if v_txid >= v_from - c_near then
            v_from := v_txid;
        else
            v_list := v_list || case when v_list = '' then '' else ',' end || v_txid;
        end if;
    end loop;

    v_conditions[1] := format('ev_txid >= %s and ev_txid <= %s', v_from, txid_snapshot_xmax(v_batch.s2))
        || format(' and pg_catalog.txid_visible_in_snapshot(ev_txid, %L)', v_batch.s2)
        || format(' and not pg_catalog.txid_visible_in_snapshot(ev_txid, %L)', v_batch.s1);
    if v_list <> '' then
        v_conditions[2] := 'ev_txid in (' || v_list || ')';
    end if;
    for v_table in
        select t.name, substring(t.name from '_(\d+)$')::int4 as nr from pgq.batch_event_tables(x_batch_id) t(name)
    loop
        v_tables := v_tables || v_table.nr;
        source := v_table.name;
        foreach condition in array v_conditions loop
            return next;
        end loop;
    end loop;
    for v_table in
        select r.* from unnest(v_tables) n(nr) cross join lateral pgq._row_tables(v_batch.sub_queue, n.nr, true) r
    loop
        -- A batch's query names only the tables that have rows in it: there may be thousands.
        foreach condition in array v_conditions loop
            execute format('select exists (select from %s where %s)', v_table.name, condition) into v_has;
            if v_has then
                source := v_table.name;
                events := v_table.events;
                heads := v_table.heads;
                size := v_table.size;
                return next;
            end if;
        end loop;
    end loop;
end;
$$;
