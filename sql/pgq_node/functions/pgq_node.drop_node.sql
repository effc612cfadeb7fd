-- pgq_node.drop_node(i_queue_name, i_node_name)
--
-- Ends this node's part in a queue, with the local queue and all that is kept about it, or, called with another node's name,
-- ends that one's subscription here. If the queue has no node here, the locations that are left of the queue go.
--
-- Returns: ret_code, ret_note: 200; 405 another node, from which this one reads
-- Writes: pgq_node's and londiste's rows about the queue; drops the local queue
create or replace function pgq_node.drop_node(
    in i_queue_name text,
    in i_node_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_node record;
begin
    select n.node_name, n.node_type into v_node from pgq_node.node_info n where n.queue_name = i_queue_name for update;
    if not found then
        delete from pgq_node.node_location l where l.queue_name = i_queue_name;
        ret_code := 200;
        ret_note := 'Node dropped: ' || i_node_name;
        return;
    end if;

    if v_node.node_name = i_node_name then
        delete from pgq_node.subscriber_info s where s.queue_name = i_queue_name;
        delete from pgq_node.local_state s where s.queue_name = i_queue_name;
        delete from pgq_node.node_info n where n.queue_name = i_queue_name;
        if exists (select 1 from pgq.queue q where q.queue_name = i_queue_name) then
            perform pgq.drop_queue(i_queue_name, true);
        end if;
        delete from pgq_node.node_location l where l.queue_name = i_queue_name;
    elsif exists (select 1 from pgq_node.local_state s
                   where s.queue_name = i_queue_name and s.provider_node = i_node_name) then
        ret_code := 405;
        ret_note := 'Cannot drop provider node: ' || i_node_name;
        return;
    else
        perform pgq_node.unregister_subscriber(i_queue_name, i_node_name);
    end if;
    ret_code := 200;
    ret_note := 'Node dropped: ' || i_node_name;
end;
$$;
