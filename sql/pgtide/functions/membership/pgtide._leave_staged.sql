-- pgtide._leave_staged(i_queue)
--
-- On the subscriber, at the end of a slice: lets those tables go whose removal is in the slice (pgtide_leaving:
-- pgtide.handle_events). A table that was offered again after its removal becomes known again.
--
-- Returns: int, the number of these tables; 0 if there are none
-- Writes: as pgtide.apply_removal and londiste.global_add_table
-- Errors: as pgtide.apply_removal
create or replace function pgtide._leave_staged(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[];
begin
    if to_regclass('pg_temp.pgtide_leaving') is null then
        return 0;
    end if;
    v_names := array(select l.table_name from pg_temp.pgtide_leaving l order by 1);
    for i in 1 .. cardinality(v_names) loop
        perform pgtide.apply_removal(i_queue, v_names[i]);
        if (select s.ev_type = 'londiste.add-table' from pg_temp.pgtide_stage s
            where s.ev_type in ('londiste.add-table', 'londiste.remove-table') and s.ev_data = v_names[i]
            order by s.ev_id desc limit 1) then
            perform londiste.global_add_table(i_queue, v_names[i]);
        end if;
    end loop;
    return cardinality(v_names);
end;
$$;
