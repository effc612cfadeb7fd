-- pgtide.pending_removals(i_queue, i_tick)
--
-- On the root: lists the tables whose removal a reader that has completed i_tick has not met yet. Reads the events that the
-- reader has not met.
--
-- Returns: setof text, names in the queue; no rows if there are none, or no such tick
-- Writes: nothing
create or replace function pgtide.pending_removals(i_queue text, i_tick bigint)
returns setof text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_events text;
    v_snapshot txid_snapshot;
begin
    select q.queue_data_pfx, t.tick_snapshot into v_events, v_snapshot
    from pgq.queue q join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = i_tick where q.queue_name = i_queue;
    if found then
        return query execute format('select distinct ev_data from %s where ev_type = ''londiste.remove-table'''
            ' and ev_txid >= txid_snapshot_xmin($1) and not txid_visible_in_snapshot(ev_txid, $1)', v_events) using v_snapshot;
    end if;
end;
$$;
