-- pgtide._table_failure(i_state, i_message, i_on_conflict) returns text
--
-- The reason for which a table is set aside (pgtide._failure_text) after its rows met an error, unless the policy is to stop: then it is
-- raised, under the same SQLSTATE, or TD007 for classes 22 and 23. The caller has asked pgtide._is_table_failure before.
create or replace function pgtide._table_failure(i_state text, i_message text, i_on_conflict text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if i_on_conflict = 'stop' then
        raise exception '%', i_message using errcode = case when left(i_state, 2) in ('22', '23') then 'TD007' else i_state end,
            hint = 'replay stops here until this is fixed; onConflict in pgtide.yml can set the table aside instead';
    end if;
    return i_message;
end;
$$;
