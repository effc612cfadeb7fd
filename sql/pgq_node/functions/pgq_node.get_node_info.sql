-- pgq_node.get_node_info(i_queue_name)
--
-- What this database is for a queue.
--
-- Arguments: global_watermark - null on a leaf; worker_last_tick - what the worker has completed; on the root the newest tick;
--            target_for - queues of leaves here that are merged into this queue
-- Returns: ret_code, ret_note, and the node: 100; 404 unknown queue
-- Writes: nothing
create or replace function pgq_node.get_node_info(
    in i_queue_name text,
    out ret_code int4,
    out ret_note text,
    out node_type text,
    out node_name text,
    out global_watermark bigint,
    out local_watermark bigint,
    out provider_node text,
    out provider_location text,
    out combined_queue text,
    out combined_type text,
    out worker_name text,
    out worker_paused boolean,
    out worker_uptodate boolean,
    out worker_last_tick bigint,
    out node_attrs text,
    out target_for text[]
) returns record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    select n.node_type, n.node_name, s.provider_node, l.node_location, n.combined_queue, c.node_type,
           n.worker_name, s.paused, s.uptodate, s.last_tick_id, n.node_attrs,
           (select array_agg(t.queue_name order by t.queue_name)
              from pgq_node.node_info t where t.combined_queue = n.queue_name)
      into node_type, node_name, provider_node, provider_location, combined_queue, combined_type,
           worker_name, worker_paused, worker_uptodate, worker_last_tick, node_attrs, target_for
      from pgq_node.node_info n
      left join pgq_node.local_state s on s.queue_name = n.queue_name and s.consumer_name = n.worker_name
      left join pgq_node.node_location l on l.queue_name = s.queue_name and l.node_name = s.provider_node
      left join pgq_node.node_info c on c.queue_name = n.combined_queue
     where n.queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown queue: ' || coalesce(i_queue_name, 'null');
        return;
    end if;

    if node_type = 'leaf' then
        local_watermark := worker_last_tick;
    else
        global_watermark := pgq_node._consumer_tick(i_queue_name, '.global_watermark');
        local_watermark := pgq_node._local_watermark(i_queue_name);
    end if;
    if node_type = 'root' then
        select t.tick_id into worker_last_tick
          from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
         where q.queue_name = i_queue_name order by t.tick_id desc limit 1;
    end if;
    ret_code := 100;
    ret_note := 'Ok';
end;
$$;
