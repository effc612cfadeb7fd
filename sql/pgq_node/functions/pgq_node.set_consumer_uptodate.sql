-- pgq_node.set_consumer_uptodate(i_queue_name, i_consumer_name, i_uptodate)
--
-- A consumer says that it has seen its state (after it was paused, resumed or moved).
--
-- Returns: ret_code, ret_note: 200; 404 unknown consumer
-- Writes: pgq_node.local_state
create or replace function pgq_node.set_consumer_uptodate(
    in i_queue_name text,
    in i_consumer_name text,
    in i_uptodate boolean,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq_node.local_state s
       set uptodate = i_uptodate
     where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown consumer: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_consumer_name, 'null');
        return;
    end if;
    ret_code := 200;
    ret_note := 'Consumer uptodate = ' || i_uptodate::int4::text;
end;
$$;
