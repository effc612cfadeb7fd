-- pgq_node.unregister_subscriber(i_queue_name, i_remote_node_name)
--
-- Ends what another node reads here: its worker and its watermark.
--
-- Returns: ret_code, ret_note: 200; 304 it is not registered
-- Writes: pgq_node.subscriber_info, pgq.subscription, pgq.consumer
-- Errors: TD009 no right to consume from the queue
create or replace function pgq_node.unregister_subscriber(
    in i_queue_name text,
    in i_remote_node_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
begin
    if v_queue_id is null then
        ret_code := 304;
        ret_note := 'Subscriber not found: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_remote_node_name, 'null');
        return;
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        select * into ret_code, ret_note from pgq_node._consume_unregister_subscriber(v_queue_id, i_remote_node_name);
        return;
    end if;
    execute format('select * from %s(''pgq_node.unregister_subscriber'', $1) as r(ret_code int4, ret_note text)',
        pgq._gate(v_queue_id, 'consume'))
       into ret_code, ret_note using array[i_remote_node_name];
end;
$$;
