-- pgq.insert_event(queue_name, ev_type, ev_data),
-- pgq.insert_event(queue_name, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
--
-- Inserts an event; consumers get it after the transaction has committed.
--
-- Returns: bigint, the event's id
-- Writes: the queue's current event table
-- Errors: as pgq.insert_event_raw
--
-- Runs with the caller's rights: who may insert into the queue's event tables may produce.
create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    return pgq._insert_event(queue_name, null, null, null, null, ev_type, ev_data, null, null, null, null);
end;
$$;

create or replace function pgq.insert_event(
    queue_name text, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    return pgq._insert_event(queue_name, null, null, null, null, ev_type, ev_data,
        ev_extra1, ev_extra2, ev_extra3, ev_extra4);
end;
$$;
