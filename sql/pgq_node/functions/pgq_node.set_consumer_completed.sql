-- pgq_node.set_consumer_completed(i_queue_name, i_consumer_name, i_tick_id)
--
-- A consumer has completed a batch; in the transaction that applied it. Clears its error.
--
-- Returns: ret_code, ret_note: 100; 404 unknown consumer
-- Writes: pgq_node.local_state
create or replace function pgq_node.set_consumer_completed(
    in i_queue_name text,
    in i_consumer_name text,
    in i_tick_id bigint,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq_node.local_state s
       set last_tick_id = i_tick_id, cur_error = null
     where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown consumer: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_consumer_name, 'null');
        return;
    end if;
    ret_code := 100;
    ret_note := 'Consumer ' || i_consumer_name || ' completed tick = ' || i_tick_id::text;
end;
$$;
