-- pgq._close_and_tick(i_queue_id)
--
-- Closes a queue, waits for the transactions that write into its event tables, and makes a tick (row tables are written by captures,
-- which act for the owner): what comes after that tick was written by its owner, or by those who have a right on this queue.
--
-- Returns: bigint, the tick's id
-- Writes: pgq.closed_queue, pgq.tick; access lists of the queue's tables, sequences and gates
-- Errors: TD003 as pgq._lock_ticks and pgq._store_tick
create or replace function pgq._close_and_tick(i_queue_id int4) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
begin
    perform pgq._lock_ticks(i_queue_id);
    perform pgq._close_queue(i_queue_id);
    select q.* into v_queue from pgq.queue q where q.queue_id = i_queue_id;
    for i in 0 .. v_queue.queue_ntables - 1 loop
        execute format('lock table %s in share mode', pgq.quote_fqname(v_queue.queue_data_pfx || '_' || i::text));
    end loop;
    return pgq._store_tick(i_queue_id, nextval(pgq.quote_fqname(v_queue.queue_tick_seq)::regclass), now(),
        coalesce(pg_sequence_last_value(pgq.quote_fqname(v_queue.queue_event_seq)::regclass), 0));
end;
$$;
