-- pgtide._unwanted_grantees(i_function)
--
-- Lists who may execute a function without being able to act for its owner. A dump without rights, or ALTER DEFAULT
-- PRIVILEGES, lets such roles in.
--
-- Returns: setof text, roles as GRANT names them, or public; no rows when there are none
-- Writes: nothing
--
-- The owner of schema pgtide and this role are left out: they are meant to execute it.
create or replace function pgtide._unwanted_grantees(i_function oid)
returns setof text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
        from pg_proc p
        join pg_namespace n on n.nspname = 'pgtide'
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.oid = i_function and a.grantee not in (p.proowner, n.nspowner) and a.grantee <> to_regrole(quote_ident(current_user))
          and case when a.grantee = 0 then true else not pg_has_role(a.grantee, p.proowner, 'MEMBER') end;
end;
$$;
