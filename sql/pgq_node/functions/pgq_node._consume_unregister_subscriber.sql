-- pgq_node._consume_unregister_subscriber(i_queue_id, i_remote_node_name)
--
-- What pgq_node.unregister_subscriber does behind the gate (pgq._gate); on the real extension pgq, which has no
-- gates, for its readers by itself.
--
-- Returns: ret_code, ret_note: 200; 304 it is not registered
-- Writes: pgq_node.subscriber_info, pgq.subscription, pgq.consumer
create or replace function pgq_node._consume_unregister_subscriber(
    in i_queue_id int4,
    in i_remote_node_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue     text := (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id);
    v_worker    text;
    v_watermark text;
begin
    delete from pgq_node.subscriber_info s
     where s.queue_name = v_queue and s.subscriber_node = i_remote_node_name
    returning s.worker_name, s.watermark_name into v_worker, v_watermark;
    if not found then
        ret_code := 304;
        ret_note := 'Subscriber not found: ' || coalesce(v_queue, 'null') || '/' || coalesce(i_remote_node_name, 'null');
        return;
    end if;
    perform pgq.unregister_consumer(v_queue, v_watermark);
    perform pgq.unregister_consumer(v_queue, v_worker);
    ret_code := 200;
    ret_note := 'Subscriber unregistered: ' || i_remote_node_name;
end;
$$;
