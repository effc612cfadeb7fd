-- pgtide._choose_runner(i_nr, i_on_conflict) returns void
--
-- Notes as whom a table of pgtide_work is written (pgtide.table_runner). Where that cannot be, the reason is in pgtide_work.error, unless the
-- policy is to stop: then it is raised. By itself: the note outlives whatever of the table's changes is undone.
create or replace function pgtide._choose_runner(i_nr int, i_on_conflict text)
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
