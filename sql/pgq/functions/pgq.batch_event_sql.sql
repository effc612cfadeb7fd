-- pgq.batch_event_sql(x_batch_id)
--
-- The query that returns a batch's events, ordered by ev_id, with the columns of pgq.get_batch_events.
--
-- Returns: text
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
create or replace function pgq.batch_event_sql(x_batch_id bigint) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    c_near  constant bigint := 100;
    v_batch record;
    v_txid  bigint;
    v_from  bigint;
    v_list  text := '';
    v_table text;
    v_select text;
    v_owner text;
    v_parts text[] := '{}';
begin
    select s.sub_id, l.tick_snapshot as s1, c.tick_snapshot as s2 into v_batch
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

    v_owner := format(' and (ev_owner is null or ev_owner = %s)', v_batch.sub_id);
    for v_table in select t.t from pgq.batch_event_tables(x_batch_id) t(t) loop
        v_select := 'select ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
            || ' from ' || v_table || ' where ';
        v_parts := v_parts || (v_select
            || format('ev_txid >= %s and ev_txid <= %s', v_from, txid_snapshot_xmax(v_batch.s2))
            || format(' and pg_catalog.txid_visible_in_snapshot(ev_txid, %L)', v_batch.s2)
            || format(' and not pg_catalog.txid_visible_in_snapshot(ev_txid, %L)', v_batch.s1)
            || v_owner);
        if v_list <> '' then
            v_parts := v_parts || (v_select || 'ev_txid in (' || v_list || ')' || v_owner);
        end if;
    end loop;
    return array_to_string(v_parts, ' union all ') || ' order by 1';
end;
$$;
