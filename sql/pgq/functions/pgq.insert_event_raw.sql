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
--         TD003 more events than queue_per_tx_limit in this transaction; 42501 no right to insert into the event tables
create or replace function pgq.insert_event_raw(
    queue_name text, ev_id bigint, ev_time timestamptz, ev_owner int4, ev_retry int4, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
declare
    v_id bigint := pgq._insert_event(queue_name, ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data,
        ev_extra1, ev_extra2, ev_extra3, ev_extra4);
begin
    if ev_id is not null then
        perform nextval(pgq.quote_fqname(q.queue_event_seq)::regclass)
           from pgq.queue q where q.queue_name = insert_event_raw.queue_name;
    end if;
    return v_id;
end;
$$;
