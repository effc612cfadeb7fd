-- Rights on schema pgq_ext, for roles that consume. Runs at every installation; roles that do not exist are left out.

do $$
declare
    v_grantees  text;
    v_function  regprocedure;
    v_name      text;
    v_role      text;
begin
    -- Revokes what an earlier release granted; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('pgq_reader', 'pgq_admin');
    grant usage on schema pgq_ext to public;
    grant select on pgq_ext.completed_tick, pgq_ext.completed_batch, pgq_ext.completed_event, pgq_ext.partial_batch to public;
    for v_function, v_name in
        select p.oid::regprocedure, p.proname from pg_catalog.pg_proc p
        where p.pronamespace = 'pgq_ext'::regnamespace and pg_catalog.pg_has_role(p.proowner, 'USAGE')
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
        if v_name in ('version', 'is_batch_done', 'is_event_done', 'get_last_tick') then
            execute pg_catalog.format('grant execute on function %s to public', v_function);
        end if;
        foreach v_role in array array['pgq_reader', 'pgq_admin'] loop
            if pg_catalog.to_regrole(v_role) is not null and (v_role = 'pgq_admin' or v_name <> 'upgrade_schema') then
                execute pg_catalog.format('grant execute on function %s to %s', v_function, v_role);
            end if;
        end loop;
    end loop;
end;
$$;
