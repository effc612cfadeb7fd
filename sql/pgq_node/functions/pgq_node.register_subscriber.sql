-- pgq_node.register_subscriber(i_queue_name, i_remote_node_name, i_remote_worker_name, i_custom_tick_id)
--
-- Lets another node read from this one: registers its worker and the consumer .<node>.watermark, which keeps what that node
-- and those below it may still need. The node's location is registered before.
--
-- Arguments: i_custom_tick_id - where the worker begins; null: at the global watermark
-- Returns: ret_code, ret_note, global_watermark (where the watermark consumer begins): 200; 401 on a leaf, and when the node
--          is registered already; 404 unknown queue or location
-- Writes: pgq_node.subscriber_info, pgq.consumer, pgq.subscription
-- Errors: as pgq.register_consumer_at; TD009 no right to consume from the queue
create or replace function pgq_node.register_subscriber(
    in i_queue_name text,
    in i_remote_node_name text,
    in i_remote_worker_name text,
    in i_custom_tick_id bigint,
    out ret_code int4,
    out ret_note text,
    out global_watermark bigint
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
begin
    if v_queue_id is null then
        if exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name) then
            ret_code := 401;
            ret_note := 'Cannot subscribe to leaf node';
        else
            ret_code := 404;
            ret_note := 'Unknown queue: ' || coalesce(i_queue_name, 'null');
        end if;
        return;
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        select * into ret_code, ret_note, global_watermark
          from pgq_node._consume_register_subscriber(v_queue_id, i_remote_node_name, i_remote_worker_name, i_custom_tick_id);
        return;
    end if;
    execute format('select * from %s(''pgq_node.register_subscriber'', $1)'
        ' as r(ret_code int4, ret_note text, global_watermark bigint)',
        pgq._gate(v_queue_id, 'consume'))
       into ret_code, ret_note, global_watermark using array[i_remote_node_name, i_remote_worker_name, i_custom_tick_id::text];
end;
$$;
