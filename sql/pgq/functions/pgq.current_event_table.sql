-- pgq.current_event_table(x_queue_name)
--
-- The table to COPY events into. Holds only within this transaction: ask again in the next. Everybody may ask; the right to
-- insert into the table is the right to produce.
--
-- Returns: text, the table's name for SQL, with its schema
-- Writes: nothing
-- Errors: 40001 as pgq._refuse_old_queue; TD002 no such queue; TD003 inserts are disabled (not for replica sessions)
create or replace function pgq.current_event_table(x_queue_name text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_txid  bigint := txid_current(); -- before the row is read, as in pgq._insert_event
    v_queue record;
begin
    select q.queue_id, q.queue_data_pfx, q.queue_cur_table, q.queue_disable_insert into v_queue
      from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not found' using errcode = 'TD002', detail = 'queue: ' || coalesce(x_queue_name, 'null');
    end if;
    if v_queue.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception 'Writing to queue disabled'
            using errcode = 'TD003', detail = 'queue: ' || x_queue_name,
            hint = 'Events are made on the queue''s root node.';
    end if;
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform pgq._refuse_old_queue(v_queue.queue_id);
    end if;
    return pgq.quote_fqname(v_queue.queue_data_pfx || '_' || v_queue.queue_cur_table::text);
end;
$$;
