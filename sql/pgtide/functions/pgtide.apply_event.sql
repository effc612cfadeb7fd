-- pgtide.apply_event(i_nr, i_ev_id, i_op, i_on_conflict) returns void
--
-- Applies one event of a table of pgtide_work.
create or replace function pgtide.apply_event(i_nr int, i_ev_id bigint, i_op text, i_on_conflict text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_work record;
    v_found bool;
begin
    select * into strict v_work from pg_temp.pgtide_work where nr = i_nr;
    if v_work.keyless and i_op <> 'I' then
        v_found := pgtide.apply_keyless_row(v_work.oid, i_nr, i_ev_id, i_op::"char");
        perform pgtide.count_applied(i_nr, i_op, i_on_conflict, v_found::int, (not v_found)::int, 0);
    else
        perform pgtide.count_applied(i_nr, i_op, i_on_conflict, r.changed, r.missing, r.conflicts)
        from pgtide.apply_rows(v_work.oid, i_nr, i_op::"char", i_ev_id, i_on_conflict = 'overwrite' and not v_work.keyless) r;
    end if;
end;
$$;
