-- pgq_node.get_worker_state(i_queue_name)
--
-- What this node's worker needs to know before a batch.
--
-- Arguments: cur_error - null for a caller without the right to read it; completed_tick - its position; local_queue_top - the
--            last tick of the local queue, and global_watermark: null on a leaf
-- Returns: ret_code, ret_note, and the state: 100; 404 unknown queue
-- Writes: nothing
create or replace function pgq_node.get_worker_state(
    in i_queue_name text,
    out ret_code int4,
    out ret_note text,
    out node_type text,
    out node_name text,
    out completed_tick bigint,
    out provider_node text,
    out provider_location text,
    out paused boolean,
    out uptodate boolean,
    out cur_error text,
    out worker_name text,
    out global_watermark bigint,
    out local_watermark bigint,
    out local_queue_top bigint,
    out combined_queue text,
    out combined_type text
) returns record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    select n.node_type, n.node_name, s.last_tick_id, s.provider_node, l.node_location, s.paused, s.uptodate,
           case when pgq_node._may_read_errors() then s.cur_error end,
           n.worker_name, n.combined_queue, c.node_type
      into node_type, node_name, completed_tick, provider_node, provider_location, paused, uptodate, cur_error,
           worker_name, combined_queue, combined_type
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
        local_watermark := completed_tick;
    else
        global_watermark := pgq_node._consumer_tick(i_queue_name, '.global_watermark');
        local_watermark := pgq_node._local_watermark(i_queue_name);
        select t.tick_id into local_queue_top
          from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
         where q.queue_name = i_queue_name order by t.tick_id desc limit 1;
    end if;
    ret_code := 100;
    ret_note := 'Ok';
end;
$$;
