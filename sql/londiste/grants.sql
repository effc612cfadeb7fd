-- Rights on schema londiste. Runs at every installation; roles that may not be created are left out. londiste_reader reads,
-- as a pgq_reader; londiste_writer reads and maintains, as a pgq_admin. Only the owner changes what is replicated: the
-- queues of nodes are closed, and these tables hold names of tables and statements that the owner executes. Every role may
-- read the tables. Functions that touch tables and sequences of the database run with the caller's rights.

do $$
declare
    v_grantees  text;
    v_role      text;
    v_function  regprocedure;
    v_name      text;
    c_public    constant text[] := array['version', 'make_fqname', 'split_fqname', 'quote_fqname', 'find_rel_oid',
        'find_table_oid', 'find_seq_oid', 'find_column_types', 'find_table_fkeys', 'is_replica_func', '_find_node'];
    c_reader    constant text[] := array['get_table_list', 'get_seq_list', 'local_show_missing',
        'get_table_pending_fkeys', 'get_valid_pending_fkeys'];
    v_admin     regprocedure[] := array['londiste.root_check_seqs(text)', 'londiste.periodic_maintenance()']::regprocedure[];
begin
    if (select r.rolsuper or r.rolcreaterole from pg_catalog.pg_roles r where r.rolname = current_user) then
        foreach v_role in array array['londiste_reader', 'londiste_writer'] loop
            if pg_catalog.to_regrole(v_role) is null then
                begin
                    execute pg_catalog.format('create role %I', v_role);
                exception when duplicate_object or unique_violation or insufficient_privilege then
                    null;
                end;
            end if;
        end loop;
    end if;

    -- Revokes what an earlier release granted; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('londiste_reader', 'londiste_writer', 'pgq_admin');
    grant usage on schema londiste to public;
    for v_function, v_name in
        select p.oid::regprocedure, p.proname from pg_catalog.pg_proc p
        where p.pronamespace = 'londiste'::regnamespace and pg_catalog.pg_has_role(p.proowner, 'USAGE')
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
        if v_name = any (c_public) then
            execute pg_catalog.format('grant execute on function %s to public', v_function);
        end if;
        foreach v_role in array array['londiste_reader', 'londiste_writer'] loop
            if pg_catalog.to_regrole(v_role) is not null and v_name = any (c_reader) then
                execute pg_catalog.format('grant execute on function %s to %I', v_function, v_role);
            end if;
        end loop;
        foreach v_role in array array['londiste_writer', 'pgq_admin'] loop
            if pg_catalog.to_regrole(v_role) is not null and v_function = any (v_admin) then
                execute pg_catalog.format('grant execute on function %s to %I', v_function, v_role);
            end if;
        end loop;
    end loop;

    execute pg_catalog.format('revoke all on londiste.table_info, londiste.seq_info, londiste.applied_execute,'
        ' londiste.pending_fkeys, londiste.table_info_nr_seq, londiste.seq_info_nr_seq from %s', v_grantees);
    grant select on londiste.table_info, londiste.seq_info, londiste.applied_execute, londiste.pending_fkeys to public;
    if pg_catalog.to_regrole('londiste_reader') is not null then
        grant select on londiste.table_info, londiste.seq_info, londiste.applied_execute, londiste.pending_fkeys
            to londiste_reader;
    end if;
    for v_role, v_name in values ('londiste_reader', 'pgq_reader'), ('londiste_writer', 'pgq_admin') loop
        if pg_catalog.to_regrole(v_role) is not null and pg_catalog.to_regrole(v_name) is not null
            and not pg_catalog.pg_has_role(v_role, v_name, 'member')
        then
            begin
                execute pg_catalog.format('grant %I to %I', v_name, v_role);
            exception when insufficient_privilege or invalid_grant_operation then
                null;
            end;
        end if;
    end loop;
end;
$$;
