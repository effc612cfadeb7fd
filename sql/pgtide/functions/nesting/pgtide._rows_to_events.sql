-- pgtide._rows_to_events(i_event_parent, i_name, i_after)
--
-- Moves the rows that this transaction has written into row tables (pgq.row_table) into the queue's event table, as the events that they
-- stand for. For pgtide.merge_nested, which settles events.
--
-- Arguments: i_event_parent - the queue's event table, parent of the rotated ones; i_name - the table's name in events; i_after - only
--            rows after this ev_id
-- Returns: nothing
-- Writes: the queue's row tables and its current event table
-- Errors: as pgtide._refuse_old_row_tables
create or replace function pgtide._rows_to_events(i_event_parent text, i_name text, i_after bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows record;
    v_pins text[] := pgtide.pin_settings(null);
begin
    perform pgtide._refuse_old_row_tables((select q.queue_id from pgq.queue q where q.queue_data_pfx = i_event_parent));
    for v_rows in
        select r.name, r.events, format('%s_%s', q.queue_data_pfx, q.queue_cur_table) as event_table
        from pgq.queue q cross join lateral pgtide._row_tables(q.queue_id, null, true, i_name) r
        where q.queue_data_pfx = i_event_parent
    loop
        execute format('with gone as (delete from %s where ev_txid = txid_current() and ev_id > $1 returning *)'
            ' insert into %s (ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
            ' select %s from gone e', v_rows.name, v_rows.event_table, v_rows.events) using i_after;
    end loop;
    v_pins := pgtide.pin_settings(v_pins);
end;
$$;
