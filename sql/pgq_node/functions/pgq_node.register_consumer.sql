-- pgq_node.register_consumer(i_queue_name, i_consumer_name, i_provider_node, i_custom_tick_id)
--
-- Notes the position of a consumer that runs on this node.
--
-- Returns: ret_code, ret_note: 200; 201 it was known, and now has this position; 404 unknown queue or provider
-- Writes: pgq_node.local_state
create or replace function pgq_node.register_consumer(
    in i_queue_name text,
    in i_consumer_name text,
    in i_provider_node text,
    in i_custom_tick_id bigint,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_known boolean;
begin
    if not exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name) then
        ret_code := 404;
        ret_note := 'Unknown queue: ' || coalesce(i_queue_name, 'null');
        return;
    elsif not exists (select 1 from pgq_node.node_location l
                       where l.queue_name = i_queue_name and l.node_name = i_provider_node) then
        ret_code := 404;
        ret_note := 'Unknown node: ' || i_queue_name || '/' || coalesce(i_provider_node, 'null');
        return;
    end if;
    select true into v_known
      from pgq_node.local_state s where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    insert into pgq_node.local_state (queue_name, consumer_name, provider_node, last_tick_id)
    values (i_queue_name, i_consumer_name, i_provider_node, i_custom_tick_id)
    on conflict (queue_name, consumer_name) do update
       set provider_node = excluded.provider_node, last_tick_id = excluded.last_tick_id, cur_error = null, uptodate = false;
    ret_code := case when v_known then 201 else 200 end;
    ret_note := 'Consumer ' || i_consumer_name || case when v_known then ' updated' else ' registered' end
        || ' on queue ' || i_queue_name;
end;
$$;
