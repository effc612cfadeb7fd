-- pgtide.owner_function(i_owner, i_kind) returns (function_name, arguments, returns, body, function_oid, is_right, is_usable)
--
-- The function that does something as the role i_owner (pgtide.owner_runner), and how it stands: what it is called, unqualified, and how it is
-- made; whether it is there, as it was made, and no role may call it that may not act for that role anyway; and whether this role may.
--   i_kind  run: statements (pgtide.run); read: the rows of a query (pgtide.table_reader); look: what captures look for (pgtide.capture_look)
-- Its owner can alter it at any time, though not its body, and so the body looks whether it runs as SECURITY DEFINER: the current role is the
-- owner, and was not made so by a setting of the function. Captures run as SECURITY DEFINER themselves, where no function can set a role.
create or replace function pgtide.owner_function(i_owner oid, i_kind text, out function_name name, out arguments text, out returns text,
    out body text, out function_oid oid, out is_right bool, out is_usable bool)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    c_owner constant name := pg_get_userbyid(i_owner);
begin
    function_name := i_kind || '_as_' || md5(c_owner);
    arguments := case i_kind when 'run' then 'i_sql text, i_ev_id bigint, i_places tid[]' when 'read' then 'i_sql text'
        else 'i_sql text, i_keys json' end;
    returns := case i_kind when 'run' then 'bigint' when 'read' then 'setof record' else 'table (nr bigint, data text)' end;
    body := format($body$%4$s
begin
    if current_user operator(pg_catalog.<>) %1$L::pg_catalog.name%2$s then
        raise exception 'this function is not as it was made';
    end if;
    %3$s
end;
$body$, c_owner, case when i_kind <> 'look' then format(' or session_user operator(pg_catalog.=) %1$L::pg_catalog.name
            or pg_catalog.current_setting(''role'') operator(pg_catalog.=) %1$L::pg_catalog.text', c_owner) else '' end,
        case i_kind when 'run' then 'execute i_sql using i_ev_id, i_places;
    get diagnostics v_count = row_count;
    return v_count;' when 'read' then 'return query execute i_sql;' else 'return query execute i_sql using i_keys;' end,
        case i_kind when 'run' then '
declare
    v_count bigint;' else '' end);
    select p.oid, p.proowner = i_owner and p.prosecdef and not p.proisstrict and p.provolatile = 'v' and p.prosrc = body
               and p.proconfig = '{"search_path=pg_catalog, pg_temp"}' and l.lanname = 'plpgsql'
               and not exists (select from pgtide.strangers(p.oid)),
           has_function_privilege(p.oid, 'EXECUTE')
    into function_oid, is_right, is_usable
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace = 'pgtide'::regnamespace and p.proname = function_name;
    is_right := coalesce(is_right, false);
    is_usable := is_right and is_usable;
end;
$$;
