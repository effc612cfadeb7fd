-- pgq_node._consume_register_subscriber(i_queue_id, i_remote_node_name, i_remote_worker_name, i_custom_tick_id)
--
-- What pgq_node.register_subscriber does behind the gate (pgq._gate); on the real extension pgq, which has no
-- gates, for its readers by itself.
--
-- Returns: ret_code, ret_note, global_watermark (where the watermark consumer begins): 200; 401 on a leaf, and when the node
--          is registered already; 404 unknown queue or location
-- Writes: pgq_node.subscriber_info, pgq.consumer, pgq.subscription
-- Errors: as pgq.register_consumer_at
create or replace function pgq_node._consume_register_subscriber(
    in i_queue_id int4,
    in i_remote_node_name text,
    in i_remote_worker_name text,
    in i_custom_tick_id bigint,
    out ret_code int4,
    out ret_note text,
    out global_watermark bigint
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue     text := (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id);
    v_watermark_name    text := '.' || i_remote_node_name || '.watermark';
    v_type              text;
begin
    select n.node_type into v_type from pgq_node.node_info n where n.queue_name = v_queue for update;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown queue: ' || coalesce(v_queue, 'null');
        return;
    elsif v_type = 'leaf' then
        ret_code := 401;
        ret_note := 'Cannot subscribe to leaf node';
        return;
    elsif not exists (select 1 from pgq_node.node_location l
                       where l.queue_name = v_queue and l.node_name = i_remote_node_name) then
        ret_code := 404;
        ret_note := 'Location not registered: ' || coalesce(i_remote_node_name, 'null');
        return;
    elsif exists (select 1 from pgq_node.subscriber_info s
                   where s.queue_name = v_queue and s.subscriber_node = i_remote_node_name) then
        ret_code := 401;
        ret_note := 'Subscriber already registered: ' || i_remote_node_name;
        return;
    end if;

    global_watermark := pgq_node._consumer_tick(v_queue, '.global_watermark');
    perform pgq.register_consumer_at(v_queue, v_watermark_name, global_watermark);
    perform pgq.register_consumer_at(v_queue, i_remote_worker_name, coalesce(i_custom_tick_id, global_watermark));
    insert into pgq_node.subscriber_info (queue_name, subscriber_node, worker_name, watermark_name)
    values (v_queue, i_remote_node_name, i_remote_worker_name, v_watermark_name);
    ret_code := 200;
    ret_note := 'Subscriber registered: ' || i_remote_node_name;
end;
$$;
