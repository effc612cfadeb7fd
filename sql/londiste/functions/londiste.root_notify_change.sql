-- londiste.root_notify_change(i_queue_name, i_ev_type, i_ev_data)
--
-- Tells the other nodes of a change, by an event.
--
-- Returns: int4, always 1
-- Writes: an event
-- Errors: TD002 unknown queue; TD003 not the root
create or replace function londiste.root_notify_change(i_queue_name text, i_ev_type text, i_ev_data text) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_node text := londiste._find_node(i_queue_name);
begin
    if v_node is null then
        raise exception 'No such set: %', i_queue_name using errcode = 'TD002';
    elsif v_node <> 'root' then
        raise exception 'only root node can send events' using errcode = 'TD003', detail = 'queue: ' || i_queue_name;
    end if;
    perform pgq.insert_event(i_queue_name, i_ev_type, i_ev_data);
    return 1;
end;
$$;
