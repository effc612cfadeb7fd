-- pgtide._unfold_stage(i_name, i_nr)
--
-- On the subscriber: puts back the events that pgtide._fold_stage has folded, for exact replay.
--
-- Arguments: i_nr - the table's number in pgtide_work
-- Returns: bool, true; false when the table's events were not folded
-- Writes: temporary tables pgtide_stage, pgtide_kinds; it drops pgtide_folds_<i_nr> and pgtide_parts_<i_nr>
create or replace function pgtide._unfold_stage(i_name text, i_nr int)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass(format('pg_temp.pgtide_folds_%s', i_nr)) is null then
        return false;
    end if;
    execute format('delete from pg_temp.pgtide_stage where ev_id in (select unnest(array[ev_id, gone]) from pg_temp.pgtide_folds_%s)', i_nr);
    execute format('insert into pg_temp.pgtide_stage select * from pg_temp.pgtide_parts_%s', i_nr);
    execute format('drop table pg_temp.pgtide_folds_%1$s, pg_temp.pgtide_parts_%1$s', i_nr);
    perform pgtide._measure_table(i_name);
    return true;
end;
$$;
