-- pgq_node.unregister_location(i_queue_name, i_node_name)
--
-- Forgets a node, and what it reads here. The root passes it on to all nodes.
--
-- Returns: ret_code, ret_note: 200; 301 unknown node; 403 this node itself, or a node that one of its consumers reads from
-- Writes: pgq_node.node_location, pgq_node.subscriber_info, pgq.subscription; on the root an event pgq.unregister-location
create or replace function pgq_node.unregister_location(
    in i_queue_name text,
    in i_node_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select 1 from pgq_node.node_location l
                    where l.queue_name = i_queue_name and l.node_name = i_node_name) then
        ret_code := 301;
        ret_note := 'Location not found: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_node_name, 'null');
        return;
    end if;
    if exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name and n.node_name = i_node_name) then
        ret_code := 403;
        ret_note := 'Cannot drop node own or parent location: ' || i_node_name;
        return;
    end if;
    if exists (select 1 from pgq_node.local_state s
                where s.queue_name = i_queue_name and s.provider_node = i_node_name) then
        ret_code := 403;
        ret_note := 'Cannot drop node own or parent location: ' || i_node_name;
        return;
    end if;

    perform pgq_node.unregister_subscriber(i_queue_name, i_node_name);
    delete from pgq_node.node_location l where l.queue_name = i_queue_name and l.node_name = i_node_name;
    if exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name and n.node_type = 'root') then
        perform pgq.insert_event(i_queue_name, 'pgq.unregister-location', i_node_name, i_queue_name, null, null, null);
    end if;
    ret_code := 200;
    ret_note := 'Ok';
end;
$$;
