-- pgtide.stored_events([i_queue])
--
-- On the provider: the events that a queue holds now, whether in a batch or not, ordered by ev_id. To look at; consumers read batches.
--
-- Arguments: i_queue - null: all queues, one after the other
-- Returns: setof event, as pgq.get_batch_events; no rows if there are none
-- Writes: nothing
create or replace function pgtide.stored_events(i_queue text default null)
returns table (ev_id bigint, ev_time timestamptz, ev_txid bigint, ev_retry int, ev_type text, ev_data text,
               ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue record;
    v_pins text[] := pgtide.pin_settings(null);
begin
    for v_queue in select q.* from pgq.queue q where q.queue_name = coalesce(i_queue, q.queue_name) order by q.queue_id loop
        return query execute (
            select format('select ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from %s',
                          v_queue.queue_data_pfx)
                   || coalesce(string_agg(format(' union all select %s from %s e', r.events, r.name), ''), '') || ' order by 1'
            from pgtide._row_tables(v_queue.queue_id) r);
    end loop;
    v_pins := pgtide.pin_settings(v_pins);
end;
$$;
