-- pgq_node.change_consumer_provider(i_queue_name, i_consumer_name, i_new_provider)
--
-- Lets a consumer of this node read from another node; its position stays.
--
-- Returns: ret_code, ret_note: 200; 404 unknown consumer or node
-- Writes: pgq_node.local_state
create or replace function pgq_node.change_consumer_provider(
    in i_queue_name text,
    in i_consumer_name text,
    in i_new_provider text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select 1 from pgq_node.node_location l
                    where l.queue_name = i_queue_name and l.node_name = i_new_provider) then
        ret_code := 404;
        ret_note := 'Unknown node: ' || coalesce(i_queue_name, 'null') || '/' || coalesce(i_new_provider, 'null');
        return;
    end if;
    update pgq_node.local_state s set provider_node = i_new_provider, uptodate = false
     where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    if not found then
        ret_code := 404;
        ret_note := 'Unknown consumer: ' || i_queue_name || '/' || coalesce(i_consumer_name, 'null');
        return;
    end if;
    ret_code := 200;
    ret_note := 'Consumer provider node set to : ' || i_new_provider;
end;
$$;
