-- Rights on schema pgq_node. Runs at every installation; roles that do not exist are left out. Every role may read, except
-- errors. With the right to consume from a queue a node subscribes at its provider; these functions run with the caller's
-- rights, and the queue's gate decides (pgq._gate). The real extension pgq has no gates; there pgq_reader may call the
-- functions behind them. All other functions are for the owner: queues of nodes are closed, and a role that could change
-- their nodes, or move the positions of their consumers, could take a subscriber from its provider. pgq_admin may call what
-- maintenance calls.

do $$
declare
    v_grantees  text;
    v_function  regprocedure;
    v_name      text;
    v_gates     boolean := pg_catalog.to_regprocedure('pgq._gate(int4, text)') is not null;
    c_public    constant text[] := array['version', 'is_root_node', 'is_leaf_node', 'get_queue_locations', 'get_node_info',
        'get_subscriber_info', 'get_consumer_info', 'get_consumer_state', 'get_worker_state', '_consumer_tick',
        'register_subscriber', 'unregister_subscriber', 'set_subscriber_watermark'];
    c_reader    constant text[] := array['_consume_register_subscriber', '_consume_unregister_subscriber',
        '_consume_set_subscriber_watermark'];
begin
    -- Revokes what an earlier release granted; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin');
    grant usage on schema pgq_node to public;
    execute pg_catalog.format('revoke all on pgq_node.node_location, pgq_node.node_info, pgq_node.local_state,'
        ' pgq_node.subscriber_info from %s', v_grantees);
    grant select on pgq_node.node_location, pgq_node.node_info, pgq_node.subscriber_info to public;
    -- Consumers write the messages of their servers into cur_error, and these may hold values of rows. Roles of the whole
    -- cluster do not see it: it is for the owner, and for roles to which the owner grants it.
    grant select (queue_name, consumer_name, provider_node, last_tick_id, paused, uptodate) on pgq_node.local_state to public;
    for v_function, v_name in
        select p.oid::regprocedure, p.proname from pg_catalog.pg_proc p
        where p.pronamespace = 'pgq_node'::regnamespace and pg_catalog.pg_has_role(p.proowner, 'USAGE')
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
        if v_name = any (c_public) then
            execute pg_catalog.format('grant execute on function %s to public', v_function);
        end if;
        if v_name = 'maint_watermark' and pg_catalog.to_regrole('pgq_admin') is not null then
            execute pg_catalog.format('grant execute on function %s to pgq_admin', v_function);
        end if;
        if v_name = any (c_reader) and not v_gates and pg_catalog.to_regrole('pgq_reader') is not null then
            execute pg_catalog.format('grant execute on function %s to pgq_reader', v_function);
        end if;
    end loop;

    -- Nodes of an earlier release: their queues were open.
    if v_gates then
        execute 'select pgq._close_queue(q.queue_id) from pgq_node.node_info n join pgq.queue q using (queue_name)';
    end if;
end;
$$;
