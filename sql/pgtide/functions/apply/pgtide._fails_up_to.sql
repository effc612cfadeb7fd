-- pgtide._fails_up_to(i_name, i_table, i_nr, i_state, i_on_conflict, i_last)
--
-- On the subscriber, for pgtide._find_failure: returns whether the staged events of a table up to i_last fail with i_state.
-- Their changes are undone.
--
-- Arguments: i_nr - the table's number in pgtide_work; i_on_conflict - as for pgtide.apply_stage, null: only type the events
-- Returns: bool
-- Writes: pgtide_stage and pgtide_work, until all changes are rolled back
-- Errors: none; TD010 is raised and caught inside, to roll back when the events do not fail
create or replace function pgtide._fails_up_to(i_name text, i_table oid, i_nr int, i_state text, i_on_conflict text, i_last bigint)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ops text[];
    v_op text;
begin
    delete from pg_temp.pgtide_stage s
    where s.ev_extra1 = i_name and s.ev_type like '{%' and s.ev_type not like '{"op":"TRUNCATE"%' and s.ev_id > i_last;
    perform pgtide._type_stage(i_name, i_table, i_nr, i_on_conflict is not null, false, false);
    if i_on_conflict is not null then
        update pg_temp.pgtide_work set collapsed = 0, lazy = false where nr = i_nr;
        v_ops := array(select s.op from pgtide._set_steps(array[i_nr], true) s);
        foreach v_op in array v_ops loop
            -- Rows of events that are left out may be missing.
            perform pgtide._apply_set(i_nr, v_op, case i_on_conflict when 'stop' then 'set-aside' else i_on_conflict end);
        end loop;
    end if;
    raise exception 'these events can be applied' using errcode = 'TD010';
exception when others or assert_failure then
    return sqlstate = i_state;
end;
$$;
