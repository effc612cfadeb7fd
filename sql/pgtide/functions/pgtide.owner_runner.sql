-- pgtide.owner_runner(i_owner [, i_reads]) returns text
--
-- The function, quoted, that runs statements as the role i_owner: SECURITY DEFINER and that role's, so that nothing that it runs can become
-- another one again, which SET ROLE would not prevent. Only we may call it. Made where it is missing, and made again where it is
-- not as it should be. Its owner can alter it at any time, though not its body, and so the body looks whether it runs as SECURITY DEFINER: the
-- current role is the owner, and was not made so by a setting of the function.
--   i_reads  false: pgtide.run_as_.., for pgtide.run. true: pgtide.read_as_.., which returns the rows of a query (pgtide.table_reader)
-- Raises TD004 where this role may not act for i_owner.
create or replace function pgtide.owner_runner(i_owner oid, i_reads bool default false)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_owner constant name := (select r.rolname from pg_roles r where r.oid = i_owner);
    c_name constant text := case when i_reads then 'read_as_' else 'run_as_' end || md5(c_owner);
    c_arguments constant text := case when i_reads then 'i_sql text' else 'i_sql text, i_ev_id bigint, i_places tid[]' end;
    c_body constant text := format($body$
declare
    v_count bigint;
begin
    if current_user operator(pg_catalog.<>) %1$L::pg_catalog.name or session_user operator(pg_catalog.=) %1$L::pg_catalog.name
            or pg_catalog.current_setting('role') operator(pg_catalog.=) %1$L::pg_catalog.text then
        raise exception 'this function is not as it was made';
    end if;
    %2$s
end;
$body$, c_owner, case when i_reads then 'return query execute i_sql;' else 'execute i_sql using i_ev_id, i_places;
    get diagnostics v_count = row_count;
    return v_count;' end);
    v_function record;
    v_may_create bool;
begin
    select p.oid, p.proowner, p.proowner = i_owner and p.prosecdef and not p.proisstrict and p.provolatile = 'v' and p.prosrc = c_body and p.proconfig = '{"search_path=pg_catalog, pg_temp"}'
                  and p.prolang = (select l.oid from pg_language l where l.lanname = 'plpgsql') as is_right
    into v_function
    from pg_proc p where p.pronamespace = 'pgtide'::regnamespace and p.proname = c_name;
    if v_function.is_right and has_function_privilege(v_function.oid, 'EXECUTE') then
        return format('pgtide.%I', c_name);
    end if;
    -- One at a time: the rights of the schema are one row.
    perform pg_advisory_xact_lock(hashtext('pgtide.owner_runner'));
    begin
        execute format('create or replace function pgtide.%I(%s) returns %s'
            ' language plpgsql security definer set search_path = pg_catalog, pg_temp as %L',
            c_name, c_arguments, case when i_reads then 'setof record' else 'bigint' end, c_body);
        execute format('revoke all on function pgtide.%I(%s) from public', c_name, c_arguments);
        if v_function.proowner is distinct from i_owner then
            -- The new owner of a function needs the right to create one there, while it becomes the owner.
            v_may_create := has_schema_privilege(i_owner, 'pgtide', 'CREATE') or (select r.rolsuper from pg_roles r where r.rolname = current_user);
            if not v_may_create then
                execute format('grant create on schema pgtide to %I', c_owner);
            end if;
            execute format('alter function pgtide.%I(%s) owner to %I', c_name, c_arguments, c_owner);
            if not v_may_create then
                execute format('revoke create on schema pgtide from %I', c_owner);
            end if;
        end if;
        execute format('grant execute on function pgtide.%I(%s) to %I', c_name, c_arguments, current_user);
    exception when insufficient_privilege then
        raise exception 'code of role % would run with the rights of role %', c_owner, current_user using errcode = 'TD004',
            hint = format('grant %I to %I: then it runs as %1$I', c_owner, current_user);
    when others then
        if left(sqlstate, 2) in ('40', '53', '55', '57') or sqlstate = 'XX000' then
            raise;
        end if;
        raise exception 'function pgtide.% cannot be made: %', c_name, pgtide.condition_name(sqlstate) using errcode = 'TD004',
            hint = format('drop function pgtide.%I(%s) cascade', c_name, c_arguments);
    end;
    return format('pgtide.%I', c_name);
end;
$$;
