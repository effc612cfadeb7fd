-- pgtide._note_runner(i_nr, i_on_conflict)
--
-- On the subscriber: notes as whom a table of pgtide_work is written (pgtide.table_runner).
--
-- Arguments: i_nr - the table's number in pgtide_work; i_on_conflict - as for pgtide.apply_stage
-- Returns: nothing
-- Writes: temporary table pgtide_work; as pgtide.table_runner, pgtide._note_session
-- Errors: TD004 with the policy stop, the table cannot be written as its owner
--
-- If the table cannot be written and the policy is not to stop, the reason is in pgtide_work.error. This is a separate step
-- so that the note outlives an undo of the table's changes.
create or replace function pgtide._note_runner(i_nr int, i_on_conflict text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_hint text;
begin
    update pg_temp.pgtide_work w set runner = pgtide.table_runner(w.oid) where w.nr = i_nr and w.oid is not null;
    if exists (select from pg_temp.pgtide_work w where w.nr = i_nr and w.runner is not null) then
        perform pgtide._note_session();
    end if;
exception when sqlstate 'TD004' then
    get stacked diagnostics v_hint = pg_exception_hint;
    update pg_temp.pgtide_work w set error = pgtide._table_failure(sqlstate, concat_ws('; ', sqlerrm, v_hint), i_on_conflict) where w.nr = i_nr;
end;
$$;
