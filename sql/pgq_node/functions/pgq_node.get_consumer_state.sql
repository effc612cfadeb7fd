-- pgq_node.get_consumer_state(i_queue_name, i_consumer_name)
--
-- Position and flags of a consumer that runs on this node.
--
-- Arguments: cur_error - null for a caller without the right to read it
-- Returns: ret_code, ret_note, and the state: 100; 404 unknown queue or consumer
-- Writes: nothing
create or replace function pgq_node.get_consumer_state(
    in i_queue_name text,
    in i_consumer_name text,
    out ret_code int4,
    out ret_note text,
    out node_type text,
    out node_name text,
    out completed_tick bigint,
    out provider_node text,
    out provider_location text,
    out paused boolean,
    out uptodate boolean,
    out cur_error text
) returns record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    select n.node_type, n.node_name into node_type, node_name
      from pgq_node.node_info n where n.queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown queue: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    select s.last_tick_id, s.provider_node, l.node_location, s.paused, s.uptodate,
           case when pgq_node._may_read_errors() then s.cur_error end
      into completed_tick, provider_node, provider_location, paused, uptodate, cur_error
      from pgq_node.local_state s
      left join pgq_node.node_location l on l.queue_name = s.queue_name and l.node_name = s.provider_node
     where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown consumer: ' || i_queue_name || '/' || coalesce(i_consumer_name, 'null');
        return;
    end if;
    ret_code := 100;
    ret_note := 'Ok';
end;
$$;
