-- pgq.batch_event_tables(x_batch_id)
--
-- The tables that may hold events of a batch: the current one, the one before it, or both. The third one holds what every
-- consumer has left behind, and is the next to be truncated.
--
-- Returns: setof text, table names with schema; none for an unknown batch
-- Writes: nothing
create or replace function pgq.batch_event_tables(x_batch_id bigint) returns setof text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_batch     record;
    v_current   text;
    v_previous  text;
begin
    select txid_snapshot_xmin(l.tick_snapshot) as from_xmin, txid_snapshot_xmax(c.tick_snapshot) as to_xmax,
           q.queue_data_pfx, q.queue_cur_table, q.queue_ntables, q.queue_switch_step1, q.queue_switch_step2
      into v_batch
      from pgq.subscription s
      join pgq.tick l on l.tick_queue = s.sub_queue and l.tick_id = s.sub_last_tick
      join pgq.tick c on c.tick_queue = s.sub_queue and c.tick_id = s.sub_next_tick
      join pgq.queue q on q.queue_id = s.sub_queue
     where s.sub_batch = x_batch_id;
    if not found then
        return;
    end if;

    v_current := v_batch.queue_data_pfx || '_' || v_batch.queue_cur_table::text;
    v_previous := v_batch.queue_data_pfx || '_'
        || ((v_batch.queue_cur_table + v_batch.queue_ntables - 1) % v_batch.queue_ntables)::text;
    if v_batch.to_xmax < v_batch.queue_switch_step1 then
        return next v_previous;
    elsif v_batch.from_xmin > v_batch.queue_switch_step2 then
        return next v_current;
    else
        return next v_previous;
        return next v_current;
    end if;
end;
$$;
