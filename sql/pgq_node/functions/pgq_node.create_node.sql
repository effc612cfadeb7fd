-- pgq_node.create_node(i_queue_name, i_node_type, i_node_name, i_worker_name, i_provider_name, i_global_watermark,
--                      i_combined_queue)
--
-- Makes this database a node of a queue, and closes the queue (pgq._close_queue). Its location, and its provider's, are registered
-- before. Where the queue of a root is there already, its nodes begin at a new tick: other roles may have written what comes before.
--
-- Arguments: i_node_type - root, branch or leaf; i_worker_name - the consumer that feeds it; i_provider_name,
--            i_global_watermark - whom it reads from, and from which tick on (both null for a root); i_combined_queue - for a
--            leaf: the queue that it is merged into, or null
-- Returns: ret_code, ret_note: 200; 401 arguments that do not fit together, or the queue has a node here already; 404 no
--          location, or no combined queue
-- Writes: pgq_node.node_info, pgq_node.local_state; root and branch: pgq.queue and all that a
--         queue has, and its consumer .global_watermark
create or replace function pgq_node.create_node(
    in i_queue_name text,
    in i_node_type text,
    in i_node_name text,
    in i_worker_name text,
    in i_provider_name text,
    in i_global_watermark bigint,
    in i_combined_queue text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_position bigint := i_global_watermark;
begin
    ret_code := 401;
    if exists (select 1 from pgq_node.node_info n where n.queue_name = i_queue_name) then
        ret_note := 'Node already initialized';
        return;
    elsif i_queue_name is null or i_node_name is null or i_worker_name is null then
        ret_note := 'Queue, node and worker must have names';
        return;
    elsif i_node_type is null or i_node_type not in ('root', 'branch', 'leaf') then
        ret_note := 'Unknown node type: ' || coalesce(i_node_type, 'null');
        return;
    elsif i_node_type = 'root' and coalesce(i_provider_name, i_node_name) <> i_node_name then
        ret_note := 'Unexpected provider for root: ' || i_provider_name;
        return;
    elsif i_node_type = 'root' and i_global_watermark is not null then
        ret_note := 'Unexpected global watermark for root';
        return;
    elsif i_node_type <> 'root' and (i_provider_name is null or i_global_watermark is null) then
        ret_note := 'provider or global watermark missing for ' || i_node_type;
        return;
    elsif i_node_type <> 'leaf' and i_combined_queue is not null then
        ret_note := 'Only leaf can have combined queue';
        return;
    end if;

    ret_code := 404;
    if not exists (select 1 from pgq_node.node_location l
                    where l.queue_name = i_queue_name and l.node_name = i_node_name) then
        ret_note := 'Location not registered: ' || i_node_name;
        return;
    elsif i_node_type <> 'root' and not exists (select 1 from pgq_node.node_location l
                    where l.queue_name = i_queue_name and l.node_name = i_provider_name) then
        ret_note := 'Location not registered: ' || i_provider_name;
        return;
    elsif i_combined_queue is not null and not exists (select 1 from pgq_node.node_info n
                    where n.queue_name = i_combined_queue and n.node_type in ('root', 'branch')) then
        ret_note := 'Combined queue not found: ' || i_combined_queue;
        return;
    end if;

    if i_node_type = 'root' then
        if pgq.create_queue(i_queue_name) = 0 and to_regprocedure('pgq._close_and_tick(int4)') is not null then
            select pgq._close_and_tick(q.queue_id) into v_position from pgq.queue q where q.queue_name = i_queue_name;
        else
            select min(t.tick_id) into v_position
              from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue where q.queue_name = i_queue_name;
        end if;
        perform pgq.register_consumer_at(i_queue_name, '.global_watermark', v_position);
    elsif i_node_type = 'branch' then
        perform pgq.create_queue(i_queue_name);
        update pgq.queue q set queue_external_ticker = true, queue_disable_insert = true where q.queue_name = i_queue_name;
        if v_position > 1 then
            perform pgq.ticker(i_queue_name, v_position, now(), 1);
        end if;
        perform pgq.register_consumer_at(i_queue_name, '.global_watermark', v_position);
    end if;

    insert into pgq_node.node_info (queue_name, node_type, node_name, worker_name, combined_queue)
    values (i_queue_name, i_node_type, i_node_name, i_worker_name, i_combined_queue);
    insert into pgq_node.local_state (queue_name, consumer_name, provider_node, last_tick_id)
    values (i_queue_name, i_worker_name, coalesce(i_provider_name, i_node_name), v_position);
    if to_regprocedure('pgq._close_queue(int4)') is not null then
        perform pgq._close_queue(q.queue_id) from pgq.queue q where q.queue_name = i_queue_name;
    end if;
    ret_code := 200;
    ret_note := 'Node "' || i_node_name || '" initialized for queue "' || i_queue_name || '" with type "'
        || i_node_type || '"';
end;
$$;
