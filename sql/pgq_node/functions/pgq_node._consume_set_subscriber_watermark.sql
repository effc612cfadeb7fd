-- pgq_node._consume_set_subscriber_watermark(i_queue_id, i_node_name, i_watermark)
--
-- What pgq_node.set_subscriber_watermark does behind the gate (pgq._gate); on the real extension pgq, which has no gates, for
-- its readers by itself.
--
-- Returns: ret_code, ret_note: 200; 100 it was there already; 404 not a subscriber; 405 backwards
-- Writes: pgq.subscription
-- Errors: as pgq.register_consumer_at
create or replace function pgq_node._consume_set_subscriber_watermark(
    in i_queue_id int4,
    in i_node_name text,
    in i_watermark bigint,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue     text := (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id);
    v_name  text;
    v_now   bigint;
begin
    select s.watermark_name into v_name
      from pgq_node.subscriber_info s where s.queue_name = v_queue and s.subscriber_node = i_node_name;
    v_now := pgq_node._consumer_tick(v_queue, v_name);
    if v_now is null then
        ret_code := 404;
        ret_note := 'Subscriber not found: ' || coalesce(v_queue, 'null') || '/' || coalesce(i_node_name, 'null');
    elsif i_watermark is null then
        ret_code := 500;
        ret_note := 'watermark is NULL';
    elsif i_watermark = v_now then
        ret_code := 100;
        ret_note := v_name || ' already at ' || i_watermark;
    elsif i_watermark < v_now then
        ret_code := 405;
        ret_note := v_name || ' cannot move backwards, from ' || v_now || ' to ' || i_watermark;
    else
        perform pgq.register_consumer_at(v_queue, v_name, i_watermark);
        ret_code := 200;
        ret_note := v_name || ' set to ' || i_watermark;
    end if;
end;
$$;
