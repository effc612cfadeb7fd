-- Rights on schema pgq, and the function that contains the names of the present queues. Runs at every installation.
--
-- On queues that are not closed pgq_reader consumes, pgq_writer produces, and pgq_admin does both and administrates. If the
-- installing role may not create roles, or these belong to another role, they are left out.
--
-- c_public lists functions that only read, and functions that run with their caller's rights: the access lists of each
-- queue's tables and gates (pgq._gate) decide what these may do. Functions that run with their owner's rights and change
-- something are for pgq_admin, which creates, ticks and rotates all queues. No role may write pgq's tables: they hold the
-- positions of consumers of closed queues, and names that are executed.

do $$
declare
    v_grantees  text;
    v_role      text;
    v_may       boolean;
    v_grant     record;
    v_function  regprocedure;
    c_public    constant text[] := array['version', 'seq_getval', 'get_queue_info', 'get_consumer_info', 'quote_fqname',
        '_find_seq', '_seq_state', '_trigger_event', '_trigger_args', '_table_shape', '_in_list', '_row_fields', '_changed_columns',
        '_same_value', '_sql_change', '_url_row', '_url_encode', '_json_row', '_put_dates', '_field_query', '_override_field',
        'sqltriga', 'logutriga', 'jsontriga',
        'insert_event', 'current_event_table', '_insert_event', '_check_event', '_count_event', '_refuse_old_queue', '_put_event',
        '_put_event_by_name',
        'register_consumer', 'register_consumer_at', 'unregister_consumer', 'next_batch', 'next_batch_info',
        'next_batch_custom', 'find_tick_helper', 'batch_event_sql', 'batch_event_tables', 'get_batch_events',
        'get_batch_cursor', 'get_batch_info', '_batch_parts', '_row_events', '_row_tables', 'finish_batch', 'event_retry', 'batch_retry', 'force_tick', '_batch_queue', '_gate',
        '_drop_gates', 'drop_queue', 'set_queue_config', 'event_retry_raw'];
    c_admin     constant text[] := array['create_queue', 'ticker', 'insert_event_raw', 'maint_operations',
        'maint_retry_events', 'maint_rotate_tables_step1', 'maint_rotate_tables_step2', 'maint_tables_to_vacuum',
        'grant_perms', 'tune_storage', 'seq_setval'];
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

    -- Revokes what an earlier release granted; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin');
    grant usage on schema pgq to public;

    perform pgq._lock_put_event();
    perform pgq._make_put_event();
    for v_function in
        select p.oid::regprocedure from pg_catalog.pg_proc p
        where p.pronamespace = 'pgq'::regnamespace and pg_catalog.pg_has_role(p.proowner, 'USAGE') order by p.proname
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
    end loop;
    for v_grant in
        select p.oid::regprocedure as func, r.rolname as grantee
          from pg_catalog.pg_proc p
          join (values ('public', c_public), ('pgq_admin', c_admin)) r(rolname, names)
            on p.proname = any (r.names)
            or r.rolname = 'public' and p.oid = 'pgq.ticker(text, bigint, timestamptz, bigint)'::regprocedure
         where p.pronamespace = 'pgq'::regnamespace and pg_catalog.pg_has_role(p.proowner, 'USAGE')
           and (r.rolname = 'public' or pg_catalog.to_regrole(r.rolname) is not null)
    loop
        execute pg_catalog.format('grant execute on function %s to %s', v_grant.func, v_grant.grantee);
    end loop;

    execute pg_catalog.format('revoke all on pgq.consumer, pgq.queue, pgq.closed_queue, pgq.tick, pgq.subscription, pgq.row_table,'
        ' pgq.retry_queue, pgq.event_template from %s', v_grantees);
    execute pg_catalog.format('revoke usage, update on pgq.batch_id_seq from %s', v_grantees);
    grant select on pgq.consumer, pgq.queue, pgq.closed_queue, pgq.tick, pgq.subscription, pgq.row_table to public;
    if pg_catalog.to_regrole('pgq_reader') is not null then
        grant select on pgq.event_template, pgq.retry_queue, pgq.batch_id_seq to pgq_reader;
    end if;
    if pg_catalog.to_regrole('pgq_writer') is not null then
        grant insert on pgq.event_template to pgq_writer;
    end if;
    if pg_catalog.to_regrole('pgq_admin') is not null then
        grant select on pgq.batch_id_seq to pgq_admin;
    end if;
    perform pgq.grant_perms(q.queue_name) from pgq.queue q;
end;
$$;
