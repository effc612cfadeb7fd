-- pgtide._apply_event(i_nr, i_ev_id, i_op, i_on_conflict)
--
-- On the subscriber: applies one event of a table of pgtide_work.
--
-- Arguments: i_op - I, U or D; i_on_conflict - as for pgtide.apply_stage
-- Returns: nothing
-- Writes: the table; temporary table pgtide_counts
-- Errors: as pgtide._apply_rows, pgtide._count_applied
create or replace function pgtide._apply_event(i_nr int, i_ev_id bigint, i_op text, i_on_conflict text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_work record;
    v_keyless bool;
    v_found bool;
begin
    select * into strict v_work from pg_temp.pgtide_work where nr = i_nr;
    execute format('select h.key = ''{}'' from pg_temp.pgtide_rows_%s r join pg_temp.pgtide_shapes h on h.nr = %s and h.shape = r.shape
                    where r.ev_id = $1', i_nr, i_nr) into strict v_keyless using i_ev_id;
    if v_keyless and i_op <> 'I' then
        v_found := pgtide._apply_keyless_row(v_work.oid, i_nr, i_ev_id, i_op::"char");
        perform pgtide._count_applied(i_nr, i_op, i_on_conflict, v_found::int, (not v_found)::int, 0);
    else
        perform pgtide._count_applied(i_nr, i_op, i_on_conflict, r.changed, r.missing, r.conflicts)
        from pgtide._apply_rows(v_work.oid, i_nr, i_op::"char", i_ev_id, i_on_conflict = 'overwrite' and not v_keyless) r;
    end if;
end;
$$;
