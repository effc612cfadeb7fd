-- Functions of pgtide are for the roles that run it, except two that consumers call. These run with the caller's rights,
-- and the queue's gate decides (pgq._gate): they are for pgq_reader and for every role that has the right to consume from
-- some queue. The real extension pgq has no gates; there pgq_reader may call the functions behind them. Triggers run with
-- any role's write.
--
-- Two kinds of functions are left alone: those that belong to owners of tables (pgtide.owner_runner), and those of triggers
-- that PostgreSQL gives to new partitions with the rights of the role that creates them (pgtide.guard_partitions,
-- pgtide._capture_replica).
grant execute on function pgtide.refuse_foreign_partition() to public;

do $$
declare
    v_role text;
    v_function text;
    v_gates bool := pg_catalog.to_regprocedure('pgq._gate(int4, text)') is not null;
    v_ours text[] := array(
        select p.oid::regprocedure::text from pg_catalog.pg_proc p
        where p.pronamespace = 'pgtide'::regnamespace and pg_has_role(p.proowner, 'USAGE')
          and p.proname !~ '^(run|read|look)_as_|^capture_rows_|^refuse_foreign_partition$');
begin
    foreach v_role in array array['public', 'pgq_reader', 'pgq_admin'] loop
        if v_role = 'public' or pg_catalog.to_regrole(v_role) is not null then
            foreach v_function in array v_ours loop
                execute pg_catalog.format('revoke all on function %s from %s', v_function, v_role);
            end loop;
        end if;
        if v_role <> 'public' and pg_catalog.to_regrole(v_role) is not null then
            perform pgtide.grant_consumer_functions(v_role);
            if not v_gates then
                execute pg_catalog.format('grant execute on function pgtide._consume_next_batch(int, text, bigint),'
                    ' pgtide._consume_dead_letter_put(int, bigint, bigint, text) to %I', v_role);
            end if;
        end if;
    end loop;
    -- Captures of an older release look by these functions from now on.
    if to_regclass('londiste.table_info') is not null and to_regclass('pgq_node.node_info') is not null then
        perform pgtide.create_look_functions(q.queue_name) from pgq.queue q;
    end if;
    perform pgtide.grant_consumer_functions(r.rolname)
    from (select distinct a.grantee
          from pg_catalog.pg_proc p cross join pg_catalog.aclexplode(p.proacl) a
          where v_gates and p.pronamespace = 'pgq'::regnamespace and p.proname ~ '^event_\d+_consume$'
            and a.grantee <> p.proowner) g
    join pg_catalog.pg_roles r on r.oid = g.grantee;
end;
$$;
