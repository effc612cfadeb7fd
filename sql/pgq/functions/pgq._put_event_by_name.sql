-- pgq._put_event_by_name(i_queue_id, i_table, i_id, i_time, i_txid, i_owner, i_retry, i_type, i_data, i_extra1, i_extra2,
--                        i_extra3, i_extra4)
--
-- Inserts an event into a table that pgq._put_event does not know. The statement is parsed and planned each time.
--
-- Arguments: i_table - "schema.name", unquoted; i_id - null: a new one
-- Returns: bigint, the event's id
-- Writes: that event table
create or replace function pgq._put_event_by_name(
    i_queue_id int4, i_table text, i_id bigint, i_time timestamptz, i_txid bigint, i_owner int4, i_retry int4,
    i_type text, i_data text, i_extra1 text, i_extra2 text, i_extra3 text, i_extra4 text
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_id bigint := coalesce(i_id,
        (select nextval(pgq.quote_fqname(q.queue_event_seq)::regclass) from pgq.queue q where q.queue_id = i_queue_id));
begin
    execute 'insert into ' || pgq.quote_fqname(i_table)
        || ' (ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        || ' values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)'
      using v_id, i_time, i_txid, i_owner, i_retry, i_type, i_data, i_extra1, i_extra2, i_extra3, i_extra4;
    return v_id;
end;
$$;
