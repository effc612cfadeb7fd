-- pgtide.owner_runner(i_owner [, i_kind])
--
-- Finds, or creates, the function that does something as the role i_owner.
--
-- Arguments: i_kind - run, read or look (pgtide._owner_function)
-- Returns: text, the function's name, qualified and quoted
-- Writes: that function and its access list, and for a moment that of schema pgtide, if the function is not there or not as
--         it should be
-- Errors: TD004 this role may not act for i_owner, or the function cannot be created
--
-- The function is SECURITY DEFINER and belongs to i_owner, so that nothing that it runs can become another role again, which
-- SET ROLE would not prevent. Only this role, the owner of schema pgtide if that may act for i_owner, and roles that may act
-- for i_owner anyway can call it.
create or replace function pgtide.owner_runner(i_owner oid, i_kind text default 'run')
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_owner constant name := (select r.rolname from pg_roles r where r.oid = i_owner);
    v_function record;
    v_signature text;
    v_may_create bool;
    v_stranger text;
    v_us name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'pgtide');
begin
    select * into v_function from pgtide._owner_function(i_owner, i_kind);
    if not pg_has_role(v_us, i_owner, 'MEMBER') then
        v_us := current_user;
    end if;
    if v_function.is_usable and has_function_privilege(v_us, v_function.function_oid, 'EXECUTE') then
        return format('pgtide.%I', v_function.function_name);
    end if;
    v_signature := format('pgtide.%I(%s)', v_function.function_name, v_function.arguments);
    -- One session at a time: the rights of the schema are one row.
    perform pg_advisory_xact_lock(hashtext('pgtide.owner_runner'));
    begin
        execute format('create or replace function %s returns %s'
            ' language plpgsql security definer set search_path = pg_catalog, pg_temp as %L',
            v_signature, v_function.returns, v_function.body);
        for v_stranger in
            select s from pg_proc p, pgtide._unwanted_grantees(p.oid) s
            where p.pronamespace = 'pgtide'::regnamespace and p.proname = v_function.function_name
        loop
            execute format('revoke all on function %s from %s', v_signature, v_stranger);
        end loop;
        if (select p.proowner from pg_proc p where p.pronamespace = 'pgtide'::regnamespace and p.proname = v_function.function_name) <> i_owner then
            -- The new owner of a function needs the right to create functions in its schema while the ownership changes.
            v_may_create := has_schema_privilege(i_owner, 'pgtide', 'CREATE') or (select r.rolsuper from pg_roles r where r.rolname = current_user);
            if not v_may_create then
                execute format('grant create on schema pgtide to %I', c_owner);
            end if;
            execute format('alter function %s owner to %I', v_signature, c_owner);
            if not v_may_create then
                execute format('revoke create on schema pgtide from %I', c_owner);
            end if;
        end if;
        execute format('grant execute on function %s to %I, %I', v_signature, current_user, v_us);
    exception when insufficient_privilege then
        raise exception 'code of role % would run with the rights of role %', c_owner, current_user using errcode = 'TD004',
            hint = format('%s: then it runs as %I', pgtide._grant_of(i_owner, current_user), c_owner);
    when others then
        if left(sqlstate, 2) in ('40', '53', '55', '57') or sqlstate = 'XX000' then
            raise;
        end if;
        raise exception 'function pgtide.% cannot be made: %', v_function.function_name, pgtide._condition_name(sqlstate) using errcode = 'TD004',
            hint = format('drop function %s cascade', v_signature);
    end;
    return format('pgtide.%I', v_function.function_name);
end;
$$;
