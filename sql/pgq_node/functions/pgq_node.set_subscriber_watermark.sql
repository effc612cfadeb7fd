-- pgq_node.set_subscriber_watermark(i_queue_name, i_node_name, i_watermark)
--
-- A subscriber tells what it, and the nodes below it, need no more. Only ever forward.
--
-- Returns: ret_code, ret_note: 200; 100 it was there already; 404 not a subscriber; 405 backwards
-- Writes: pgq.subscription
-- Errors: as pgq.register_consumer_at; TD009 no right to consume from the queue
create or replace function pgq_node.set_subscriber_watermark(
    in i_queue_name text,
    in i_node_name text,
    in i_watermark bigint,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
begin
    if v_queue_id is null then
        ret_code := 404;
        ret_note := 'Subscriber not found: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_node_name, 'null');
        return;
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        select * into ret_code, ret_note from pgq_node._consume_set_subscriber_watermark(v_queue_id, i_node_name, i_watermark);
        return;
    end if;
    execute format('select * from %s(''pgq_node.set_subscriber_watermark'', $1) as r(ret_code int4, ret_note text)',
        pgq._gate(v_queue_id, 'consume'))
       into ret_code, ret_note using array[i_node_name, i_watermark::text];
end;
$$;
