-- pgq.batch_event_tables(x_batch_id)
--
-- The tables that may hold events of a batch: the current one, the one before it, or both. The third one holds what every
-- consumer has left behind, and is the next to be truncated.
--
-- Returns: setof text, table names with schema
-- Writes: nothing
-- Errors: TD002 no such batch
--
-- Each row is looked up by itself (offset 0): a join that was planned while there were few ticks would read them all later on.
create or replace function pgq.batch_event_tables(x_batch_id bigint) returns setof text
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_batch     record;
    v_current   text;
    v_previous  text;
begin
    select txid_snapshot_xmin(l.tick_snapshot) as from_xmin, txid_snapshot_xmax(c.tick_snapshot) as to_xmax,
           q.queue_data_pfx, q.queue_cur_table, q.queue_ntables, q.queue_switch_step1, q.queue_switch_step2
      into v_batch
      from (select x.* from pgq.subscription x where x.sub_batch = x_batch_id offset 0) s
     cross join lateral (
            select t.tick_snapshot from pgq.tick t where t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick offset 0) l
     cross join lateral (
            select t.tick_snapshot from pgq.tick t where t.tick_queue = s.sub_queue and t.tick_id = s.sub_next_tick offset 0) c
      join pgq.queue q on q.queue_id = s.sub_queue;
    if not found then
        raise exception 'Cannot find data for batch %', x_batch_id using errcode = 'TD002';
    end if;

    v_current := pgq.quote_fqname(v_batch.queue_data_pfx || '_' || v_batch.queue_cur_table::text);
    v_previous := pgq.quote_fqname(v_batch.queue_data_pfx || '_'
        || ((v_batch.queue_cur_table + v_batch.queue_ntables - 1) % v_batch.queue_ntables)::text);
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
