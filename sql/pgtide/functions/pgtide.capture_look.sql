-- pgtide.capture_look(i_function, i_owner, i_query, i_keys) returns table (nr bigint, data text)
--
-- What pgtide.look_query finds, looked for as the role i_owner by its function pgtide.<i_function> (pgtide.owner_function). No rows where that
-- is not there, or not as it was made, or this role may not call it: an application's write does not fail for that
-- (pgtide.capture_problems tells). It looks at no more than its owner could alter without the body's own notice.
create or replace function pgtide.capture_look(i_function name, i_owner oid, i_query text, i_keys json)
returns table (nr bigint, data text) language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from pg_proc p
               where p.pronamespace = 'pgtide'::regnamespace and p.proname = i_function and p.proowner = i_owner and p.prosecdef
                 and has_function_privilege(p.oid, 'EXECUTE')) then
        return query execute format('select l.nr, l.data from pgtide.%I($1, $2) l', i_function) using i_query, i_keys;
    end if;
end;
$$;
