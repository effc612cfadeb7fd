-- pgtide._look_problem(i_root)
--
-- Why captures cannot look into a replicated table (pgtide.capture_look), and what can be done about it. It tries a look, for no
-- keys.
--
-- Returns: failure, remedy; null if they can, or if the table has no key and so needs no look
-- Writes: nothing
-- Errors: as pgtide.capture_look, except for TD004
create or replace function pgtide._look_problem(i_root oid, out failure text, out remedy text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reader oid;
    v_us name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'pgtide');
begin
    -- The statements of captures name most tables themselves.
    if pgtide._look_mode(i_root) is null and not row_security_active(i_root) or pgtide.table_key(i_root) = '{}' then
        return;
    end if;
    v_reader := pgtide._capture_reader(i_root);
    perform from pgtide.capture_look(i_root, pgtide._look_query(i_root, i_root, 'json'), '[]', true);
    -- Captures usually run as the owner of schema pgtide, and the present role may be another.
    if v_reader <> 0 and not has_function_privilege(v_us, (select f.function_oid from pgtide._owner_function(v_reader, 'look') f), 'EXECUTE') then
        failure := format('it belongs to role %s, for which %s may not act', pg_get_userbyid(v_reader), v_us);
        remedy := pgtide._grant_of(v_reader, v_us) || '; the next run of maintain does the rest';
    end if;
exception when sqlstate 'TD004' then
    get stacked diagnostics failure = message_text, remedy = pg_exception_hint;
end;
$$;
