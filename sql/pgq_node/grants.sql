-- Rights on schema pgq_node. Runs at every installation; roles that do not exist are left out.
-- pgq_admin sets nodes up and runs their workers, pgq_writer runs other consumers, and with pgq_reader a node reads from its
-- provider; everybody may ask, but for errors.

do $$
declare
    v_grantees  text;
    v_function  regprocedure;
    v_name      text;
    c_public    constant text[] := array['version', 'is_root_node', 'is_leaf_node', 'get_queue_locations', 'get_node_info',
        'get_subscriber_info', 'get_consumer_info', 'get_consumer_state', 'get_worker_state', '_consumer_tick'];
    c_reader    constant text[] := array['register_subscriber', 'unregister_subscriber', 'set_subscriber_watermark'];
    c_writer    constant text[] := c_reader || array['register_consumer', 'unregister_consumer', 'change_consumer_provider',
        'set_consumer_uptodate', 'set_consumer_paused', 'set_consumer_completed', 'set_consumer_error'];
begin
    -- What an earlier release granted goes; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin');
    grant usage on schema pgq_node to public;
    grant select on pgq_node.node_location, pgq_node.node_info, pgq_node.subscriber_info to public;
    -- Consumers write what their servers said into cur_error, and that may hold values of rows: it is for those who run consumers.
    revoke select on pgq_node.local_state from public;
    grant select (queue_name, consumer_name, provider_node, last_tick_id, paused, uptodate) on pgq_node.local_state to public;
    foreach v_name in array array['pgq_reader', 'pgq_writer'] loop
        if pg_catalog.to_regrole(v_name) is not null then
            execute pg_catalog.format('grant select on pgq_node.local_state to %I', v_name);
        end if;
    end loop;
    for v_function, v_name in
        select p.oid::regprocedure, p.proname from pg_catalog.pg_proc p where p.pronamespace = 'pgq_node'::regnamespace
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
        if v_name = any (c_public) then
            execute pg_catalog.format('grant execute on function %s to public', v_function);
        end if;
        if pg_catalog.to_regrole('pgq_admin') is not null then
            execute pg_catalog.format('grant execute on function %s to pgq_admin', v_function);
        end if;
        if v_name = any (c_writer) and pg_catalog.to_regrole('pgq_writer') is not null then
            execute pg_catalog.format('grant execute on function %s to pgq_writer', v_function);
        end if;
        if v_name = any (c_reader) and pg_catalog.to_regrole('pgq_reader') is not null then
            execute pg_catalog.format('grant execute on function %s to pgq_reader', v_function);
        end if;
    end loop;
    if pg_catalog.to_regrole('pgq_admin') is not null then
        grant select, insert, update, delete
            on pgq_node.node_location, pgq_node.node_info, pgq_node.local_state, pgq_node.subscriber_info to pgq_admin;
    end if;
end;
$$;
