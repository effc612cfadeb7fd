-- pgq._insert_event(i_queue_name, i_id, i_time, i_owner, i_retry, i_type, i_data, i_extra1, i_extra2, i_extra3, i_extra4)
--
-- What pgq.insert_event and pgq.insert_event_raw do, with the caller's rights. It relies on their search_path: setting its own
-- would cost each event 1 us.
-- In a transaction of one event each expression of it is set up again, so there are few; the rest is in pgq._check_event.
--
-- Arguments: as pgq.insert_event_raw
-- Returns: bigint, the event's id
-- Writes: the queue's current event table
-- Errors: as pgq.insert_event_raw
--
-- The transaction has its id before it reads which table is current; maintenance relies on it (see
-- pgq.maint_rotate_tables_step1). Under REPEATABLE READ the row may be older than the id: when a rotation came in between, the
-- insert ends with a serialization failure and not in a table that is no longer read (pgq._refuse_old_queue).
create or replace function pgq._insert_event(
    i_queue_name text, i_id bigint, i_time timestamptz, i_owner int4, i_retry int4, i_type text, i_data text,
    i_extra1 text, i_extra2 text, i_extra3 text, i_extra4 text
) returns bigint
language plpgsql as $$
declare
    v_txid      bigint := txid_current();
    v_queue_id  int4;
    v_table     text;
    v_special   boolean;
begin
    select q.queue_id, q.queue_data_pfx || '_' || q.queue_cur_table,
           q.queue_disable_insert or q.queue_per_tx_limit is not null
           or current_setting('transaction_isolation') not in ('read committed', 'read uncommitted')
      into v_queue_id, v_table, v_special
      from pgq.queue q where q.queue_name = i_queue_name;
    if v_special is not false then
        perform pgq._check_event(v_queue_id, i_queue_name);
    end if;
    return pgq._put_event(v_queue_id, v_table, i_id, coalesce(i_time, now()), v_txid, i_owner, i_retry, i_type, i_data,
        i_extra1, i_extra2, i_extra3, i_extra4);
end;
$$;
