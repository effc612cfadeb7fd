-- pgq_node.set_node_attrs(i_queue_name, i_node_attrs)
--
-- Sets this node's attributes.
--
-- Arguments: i_node_attrs - url-encoded; null: none
-- Returns: ret_code, ret_note: 200; 404 unknown queue
-- Writes: pgq_node.node_info
create or replace function pgq_node.set_node_attrs(
    in i_queue_name text,
    in i_node_attrs text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq_node.node_info n set node_attrs = i_node_attrs where n.queue_name = i_queue_name;
    ret_code := case when found then 200 else 404 end;
    ret_note := case when found then 'Node attributes updated' else 'Unknown queue: ' || coalesce(i_queue_name, 'null') end;
end;
$$;
