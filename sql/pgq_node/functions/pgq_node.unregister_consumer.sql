-- pgq_node.unregister_consumer(i_queue_name, i_consumer_name)
--
-- Forgets a consumer that runs on this node.
--
-- Returns: ret_code, ret_note: 200, also where it is gone already; 404 unknown queue; 403 the node's own worker
-- Writes: pgq_node.local_state
create or replace function pgq_node.unregister_consumer(
    in i_queue_name text,
    in i_consumer_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select 1 from pgq_node.node_info n
                where n.queue_name = i_queue_name and n.worker_name = i_consumer_name) then
        ret_code := 403;
        ret_note := 'Cannot unregister the worker of the node: ' || i_consumer_name;
        return;
    end if;
    if not exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name) then
        ret_code := 404;
        ret_note := 'Unknown queue: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    delete from pgq_node.local_state s where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    ret_code := 200;
    ret_note := 'Consumer ' || coalesce(i_consumer_name, 'null') || ' unregistered from ' || i_queue_name;
end;
$$;
