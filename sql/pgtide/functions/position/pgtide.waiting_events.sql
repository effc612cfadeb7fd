-- pgtide.waiting_events(i_queue, i_tick [, i_most])
--
-- On the provider: how many events a reader that has completed i_tick has not met yet: those that the tick's snapshot does not
-- see.
--
-- Arguments: i_most - counts no further, and reads no more events than these
-- Returns: bigint; null if there is no such tick
-- Writes: nothing
--
-- Ids say less: events that were rolled back and forced ticks use some up.
create or replace function pgtide.waiting_events(i_queue text, i_tick bigint, i_most int default 10000)
returns bigint language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tables text[];
    v_table text;
    v_here bigint;
    v_snapshot txid_snapshot;
    v_count bigint;
begin
    select q.queue_data_pfx || array(select r.name from pgtide._row_tables(q.queue_id) r), t.tick_snapshot into v_tables, v_snapshot
    from pgq.queue q join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = i_tick where q.queue_name = i_queue;
    if found then
        v_count := 0;
        foreach v_table in array v_tables loop
            execute format('select count(*) from (select from %s where ev_txid >= txid_snapshot_xmin($1)'
                ' and not txid_visible_in_snapshot(ev_txid, $1) limit $2) e', v_table)
            into v_here using v_snapshot, i_most - v_count;
            v_count := v_count + v_here;
        end loop;
    end if;
    return v_count;
end;
$$;
