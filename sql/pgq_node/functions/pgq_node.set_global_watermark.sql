-- pgq_node.set_global_watermark(i_queue_name, i_watermark)
--
-- Moves the tick up to which no node of the queue needs events any more. The root passes it on to all nodes; a branch follows.
--
-- Arguments: i_watermark - on the root null: its local watermark
-- Returns: ret_code, ret_note: 200 (on a branch also when it does not have that tick, and leaves its watermark); 100 on a leaf,
--          which has none, and when nothing moves; 404 unknown queue; 405 backwards on the root; 500 null on a branch
-- Writes: pgq.subscription, pgq_node.local_state; on the root an event pgq.global-watermark
-- Errors: as pgq.register_consumer_at
create or replace function pgq_node.set_global_watermark(
    in i_queue_name text,
    in i_watermark bigint,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_node  record;
    v_now   bigint := pgq_node._consumer_tick(i_queue_name, '.global_watermark');
    v_new   bigint := i_watermark;
begin
    select n.node_type, n.worker_name into v_node from pgq_node.node_info n where n.queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown queue: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_node.node_type = 'leaf' then
        ret_code := 100;
        ret_note := 'Leaf node, global watermark ignored';
        return;
    end if;
    if v_node.node_type = 'root' then
        v_new := coalesce(v_new, pgq_node._local_watermark(i_queue_name));
    end if;
    if v_new is null then
        ret_code := 500;
        ret_note := 'bad usage: watermark is NULL';
        return;
    elsif v_new < v_now and v_node.node_type = 'root' then
        ret_code := 405;
        ret_note := 'Global watermark cannot move backwards, from ' || v_now || ' to ' || v_new;
        return;
    elsif v_new <= v_now then
        ret_code := 100;
        ret_note := 'Global watermark already at ' || v_now;
        return;
    end if;

    if v_node.node_type = 'root' then
        perform pgq.register_consumer_at(i_queue_name, '.global_watermark', v_new);
        perform pgq.insert_event(i_queue_name, 'pgq.global-watermark', v_new::text, i_queue_name, null, null, null);
        update pgq_node.local_state s set last_tick_id = v_new
         where s.queue_name = i_queue_name and s.consumer_name = v_node.worker_name;
    elsif exists (select 1 from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
                   where q.queue_name = i_queue_name and t.tick_id = v_new) then
        perform pgq.register_consumer_at(i_queue_name, '.global_watermark', v_new);
    end if;
    ret_code := 200;
    ret_note := 'Global watermark set to ' || v_new;
end;
$$;
