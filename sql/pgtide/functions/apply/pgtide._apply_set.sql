-- pgtide._apply_set(i_nr, i_op, i_on_conflict)
--
-- On the subscriber: takes one set-wise step for a table of pgtide_work (see pgtide._set_steps).
--
-- Arguments: i_op - E, D, U or I; i_on_conflict - as for pgtide.apply_stage
-- Returns: nothing
-- Writes: the table; temporary tables pgtide_counts, pgtide_work; as pgtide._apply_keyless_rows
-- Errors: TD010 keys that were guessed to be distinct repeat, or rows are missing: the caller collapses the events and tries
--         again; as pgtide._apply_rows, pgtide._count_applied
create or replace function pgtide._apply_set(i_nr int, i_op text, i_on_conflict text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_work record;
    v_steps record;
    v_applied record;
begin
    select * into strict v_work from pg_temp.pgtide_work where nr = i_nr;
    if v_work.one_by_one then
        -- If no single key distinguishes the rows, they have no last image and are applied in exact order, unless they have
        -- no key at all.
        if i_op = 'E' and not pgtide._apply_keyless_rows(v_work.oid, i_nr, i_on_conflict) then
            select array_agg(s.ev_id) as events, array_agg(s.op::"char") as ops into v_steps from pgtide._exact_steps(array[i_nr]) s;
            for i in 1 .. coalesce(cardinality(v_steps.events), 0) loop
                perform pgtide._apply_event(i_nr, v_steps.events[i], v_steps.ops[i]::text, i_on_conflict);
            end loop;
            update pg_temp.pgtide_work set exact = true where nr = i_nr;
        end if;
    elsif i_op <> 'E' then
        select * into v_applied from pgtide._apply_rows(v_work.oid, i_nr, i_op::"char", null, i_on_conflict = 'overwrite');
        if v_work.collapsed is null and v_applied.missing > 0 then
            raise exception 'keys repeat, or rows are missing' using errcode = 'TD010';
        end if;
        perform pgtide._count_applied(i_nr, i_op, i_on_conflict, v_applied.changed, v_applied.missing, v_applied.conflicts);
    end if;
end;
$$;
