-- pgq.insert_event_raw(queue_name, ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3,
--                      ev_extra4)
--
-- Inserts an event with all its fields. The queue's event sequence is advanced even when ev_id is given, so that the
-- ticker notices.
--
-- Arguments: ev_id - null: a new one; ev_time - null: now(); ev_owner - null, or the only sub_id that gets it;
--            ev_retry - how often it was retried, or null
-- Returns: bigint, the event's id
-- Writes: the queue's current event table
-- Errors: TD001 the queue's name is null; TD002 no such queue; TD003 inserts are disabled (not for replica sessions);
--         TD003 more events than queue_per_tx_limit in this transaction
--
-- The transaction has its id before it reads which table is current; maintenance relies on it (see
-- pgq.maint_rotate_tables_step1). Under REPEATABLE READ, where the row may be older than the id, the row is locked: when a
-- rotation came in between, the insert ends with a serialization failure and not in a table that nobody reads.
create or replace function pgq.insert_event_raw(
    queue_name text, ev_id bigint, ev_time timestamptz, ev_owner int4, ev_retry int4, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
declare
    v_txid  bigint := txid_current();
    v_queue record;
    v_id    bigint;
begin
    select q.queue_id, q.queue_data_pfx, q.queue_cur_table, q.queue_event_seq, q.queue_disable_insert, q.queue_per_tx_limit
      into v_queue
      from pgq.queue q where q.queue_name = insert_event_raw.queue_name;
    if not found then
        perform pgq._refuse_event(queue_name);
    end if;
    if v_queue.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception 'Insert into queue disallowed'
            using errcode = 'TD003', detail = 'queue: ' || queue_name,
            hint = 'Events are made on the queue''s root node.';
    end if;
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform 1 from pgq.queue q where q.queue_id = v_queue.queue_id for share;
    end if;
    if v_queue.queue_per_tx_limit is not null then
        perform pgq._count_event(v_queue.queue_id, queue_name, v_queue.queue_per_tx_limit);
    end if;

    v_id := nextval(v_queue.queue_event_seq::regclass);
    if ev_id is not null then
        v_id := ev_id;
    end if;
    execute 'insert into ' || v_queue.queue_data_pfx || '_' || v_queue.queue_cur_table
        || ' (ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        || ' values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)'
      using v_id, coalesce(ev_time, now()), v_txid, ev_owner, ev_retry, ev_type, ev_data,
            ev_extra1, ev_extra2, ev_extra3, ev_extra4;
    return v_id;
end;
$$;
