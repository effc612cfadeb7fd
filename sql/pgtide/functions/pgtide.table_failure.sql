-- pgtide.table_failure(i_state, i_message, i_on_conflict) returns text
--
-- The reason for which a table is set aside, from the error that its rows met. Raises the error again when it says nothing
-- about the table (locks, disk, privileges, a lost server), or when the policy is to stop.
create or replace function pgtide.table_failure(i_state text, i_message text, i_on_conflict text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if i_on_conflict = 'stop' or not (left(i_state, 2) in ('22', '23', '0A', '54', 'P0')
            or i_state in ('42P01', '42703', '42804', '42846', '42883', '42704', '428C9', 'TD004', 'TD007')) then
        raise exception '%', i_message using errcode = case when left(i_state, 2) in ('22', '23') then 'TD007' else i_state end,
            hint = 'replay stops here until this is mended'
                || case when i_on_conflict = 'stop' then '; onConflict in pgtide.yml can set the table aside instead' else '' end;
    end if;
    return format('%s (SQLSTATE %s)', i_message, i_state);
end;
$$;
