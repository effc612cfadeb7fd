-- pgq_node.set_consumer_error(i_queue_name, i_consumer_name, i_error_msg)
--
-- A consumer cannot go on; null: it can again.
--
-- Returns: ret_code, ret_note: 100; 101 unknown consumer
-- Writes: pgq_node.local_state
create or replace function pgq_node.set_consumer_error(
    in i_queue_name text,
    in i_consumer_name text,
    in i_error_msg text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq_node.local_state s
       set cur_error = i_error_msg
     where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    if not found then
        ret_code := 101;
        ret_note := 'Consumer not known, ignoring: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_consumer_name, 'null');
        return;
    end if;
    ret_code := 100;
    ret_note := 'Consumer ' || i_consumer_name || ' error = ' || coalesce(i_error_msg, 'NULL');
end;
$$;
