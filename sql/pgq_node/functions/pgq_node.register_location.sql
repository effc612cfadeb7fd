-- pgq_node.register_location(i_queue_name, i_node_name, i_node_location, i_dead)
--
-- Tells this node where another one (or itself) is. The root passes it on to all nodes.
--
-- Arguments: i_node_location - null: leave it as it is, for a node that is known; nothing happens for another one
-- Returns: ret_code, ret_note: 200
-- Writes: pgq_node.node_location; on the root an event pgq.location-info
-- Errors: TD001 no name of a queue or node
create or replace function pgq_node.register_location(
    in i_queue_name text,
    in i_node_name text,
    in i_node_location text,
    in i_dead boolean,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_location text;
begin
    select l.node_location into v_location
      from pgq_node.node_location l where l.queue_name = i_queue_name and l.node_name = i_node_name;
    v_location := coalesce(i_node_location, v_location);
    if i_queue_name is null or i_node_name is null then
        raise exception 'register_location: queue and node must not be NULL' using errcode = 'TD001';
    end if;
    ret_code := 200;
    ret_note := 'Location registered';
    if v_location is null then
        return;
    end if;
    insert into pgq_node.node_location as l (queue_name, node_name, node_location, dead)
    values (i_queue_name, i_node_name, v_location, coalesce(i_dead, false))
    on conflict (queue_name, node_name) do update set node_location = excluded.node_location, dead = excluded.dead;

    if exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name and n.node_type = 'root') then
        perform pgq.insert_event(i_queue_name, 'pgq.location-info', i_node_name,
            i_queue_name, v_location, coalesce(i_dead, false)::text, null);
    end if;
end;
$$;
