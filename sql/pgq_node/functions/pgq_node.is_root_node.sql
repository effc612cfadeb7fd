-- pgq_node.is_root_node(i_queue_name)
--
-- Returns: boolean, whether this database is the root of the queue
-- Writes: nothing
-- Errors: TD002 no such queue
create or replace function pgq_node.is_root_node(i_queue_name text) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_type text;
begin
    select n.node_type into v_type from pgq_node.node_info n where n.queue_name = i_queue_name;
    if not found then
        raise exception 'queue does not exist: %', i_queue_name using errcode = 'TD002';
    end if;
    return v_type = 'root';
end;
$$;
