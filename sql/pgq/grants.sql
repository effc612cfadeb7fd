-- Rights on schema pgq, and the function that knows the queues there are. Runs at every installation.
--
-- pgq_reader consumes, pgq_writer produces, pgq_admin does both and maintains. Where the installing role may not create
-- roles, or they are somebody else's, they are left out, and the owner grants execute by hand.

do $$
declare
    v_grantees  text;
    v_role      text;
    v_may       boolean;
    v_grant     record;
    v_function  regprocedure;
    c_public    constant text[] := array['version', 'seq_getval', 'get_queue_info', 'get_consumer_info', 'quote_fqname',
        '_find_seq', '_trigger_event', '_trigger_args', '_table_shape', '_in_list', '_row_fields', '_changed_columns',
        '_same_value', '_sql_change', '_url_row', '_url_encode', '_json_row', '_put_dates', '_field_query', '_override_field'];
    c_reader    constant text[] := array['register_consumer', 'register_consumer_at', 'unregister_consumer',
        'next_batch', 'next_batch_info', 'next_batch_custom', 'find_tick_helper', 'batch_event_sql', 'batch_event_tables',
        'get_batch_events', 'get_batch_cursor', 'get_batch_info', 'finish_batch', 'event_retry', 'batch_retry', 'force_tick'];
    c_writer    constant text[] := array['insert_event', 'current_event_table', 'sqltriga', 'logutriga', 'jsontriga'];
begin
    select r.rolsuper or r.rolcreaterole into v_may from pg_catalog.pg_roles r where r.rolname = current_user;
    foreach v_role in array array['pgq_reader', 'pgq_writer', 'pgq_admin'] loop
        if v_may and pg_catalog.to_regrole(v_role) is null then
            begin
                execute pg_catalog.format('create role %I', v_role);
            exception when duplicate_object or unique_violation or insufficient_privilege then
                null;
            end;
        end if;
    end loop;
    foreach v_role in array array['pgq_reader', 'pgq_writer'] loop
        if pg_catalog.to_regrole(v_role) is not null and pg_catalog.to_regrole('pgq_admin') is not null
            and not pg_catalog.pg_has_role('pgq_admin', v_role, 'member')
        then
            begin
                execute pg_catalog.format('grant %I to pgq_admin', v_role);
            exception when insufficient_privilege then
                null;
            end;
        end if;
    end loop;

    -- What an earlier release granted goes; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin');
    grant usage on schema pgq to public;
    grant select on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription to public;

    perform pgq._lock_put_event();
    perform pgq._make_put_event();
    for v_function in
        select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'pgq'::regnamespace order by p.proname
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
    end loop;
    for v_grant in
        select p.oid::regprocedure as func, r.rolname as grantee
          from pg_catalog.pg_proc p
          join (values ('public', c_public), ('pgq_reader', c_reader), ('pgq_writer', c_writer), ('pgq_admin', null))
               r(rolname, names) on r.names is null or p.proname = any (r.names)
         where p.pronamespace = 'pgq'::regnamespace
           and (r.rolname = 'public' or pg_catalog.to_regrole(r.rolname) is not null)
    loop
        execute pg_catalog.format('grant execute on function %s to %s', v_grant.func, v_grant.grantee);
    end loop;

    if pg_catalog.to_regrole('pgq_reader') is not null then
        grant select on pgq.event_template, pgq.retry_queue, pgq.batch_id_seq to pgq_reader;
    end if;
    if pg_catalog.to_regrole('pgq_writer') is not null then
        grant insert on pgq.event_template to pgq_writer;
    end if;
    if pg_catalog.to_regrole('pgq_admin') is not null then
        grant select, insert, update, delete on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription, pgq.retry_queue
            to pgq_admin;
        grant truncate on pgq.event_template to pgq_admin;
        grant usage, select, update on pgq.batch_id_seq to pgq_admin;
    end if;
    perform pgq.grant_perms(q.queue_name) from pgq.queue q;
end;
$$;
