-- Rights on schema pgq_coop, as on the consuming functions of pgq: they run with the caller's rights, and each queue's gate
-- decides. The real extension pgq has no gates; there pgq_reader may call the functions behind them. Runs at every
-- installation; roles that do not exist are left out.

do $$
declare
    v_grantees  text;
    v_function  regprocedure;
    v_name      text;
    v_role      text;
    v_gates     boolean := pg_catalog.to_regprocedure('pgq._gate(int4, text)') is not null;
begin
    -- Revokes what an earlier release granted; what the owner granted to others stays.
    select pg_catalog.concat_ws(', ', 'public', pg_catalog.string_agg(r.rolname, ', ')) into v_grantees
      from pg_catalog.pg_roles r where r.rolname in ('pgq_reader', 'pgq_admin');
    grant usage on schema pgq_coop to public;
    for v_function, v_name in
        select p.oid::regprocedure, p.proname from pg_catalog.pg_proc p
        where p.pronamespace = 'pgq_coop'::regnamespace and pg_catalog.pg_has_role(p.proowner, 'USAGE')
    loop
        execute pg_catalog.format('revoke all on function %s from %s', v_function, v_grantees);
        if v_name not like '\_%' and (v_gates or v_name = 'version') then
            execute pg_catalog.format('grant execute on function %s to public', v_function);
        end if;
        foreach v_role in array array['pgq_reader', 'pgq_admin'] loop
            if not v_gates and pg_catalog.to_regrole(v_role) is not null then
                execute pg_catalog.format('grant execute on function %s to %s', v_function, v_role);
            end if;
        end loop;
    end loop;
end;
$$;
