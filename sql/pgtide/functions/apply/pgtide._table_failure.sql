-- pgtide._table_failure(i_state, i_message, i_on_conflict)
--
-- On the subscriber: handles an error that concerns a table (the caller has asked pgtide._is_table_failure): it is the
-- reason for which the table is set aside or, with the policy stop, is raised.
--
-- Arguments: i_message - the error's text (pgtide._failure_text); i_on_conflict - as for pgtide.apply_stage
-- Returns: text, i_message
-- Writes: nothing
-- Errors: with the policy stop, TD007 for classes 22 and 23, otherwise i_state
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
