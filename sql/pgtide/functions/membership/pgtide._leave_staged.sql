-- pgtide._leave_staged(i_queue) returns int
--
-- At the end of a slice: lets go of the tables whose removal is in it (pgtide_leaving: pgtide.handle_events). One that was offered again after
-- that is known again. Returns their number.
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
        perform pgtide.let_leave(i_queue, v_names[i]);
        if (select s.ev_type = 'londiste.add-table' from pg_temp.pgtide_stage s
            where s.ev_type in ('londiste.add-table', 'londiste.remove-table') and s.ev_data = v_names[i]
            order by s.ev_id desc limit 1) then
            perform londiste.global_add_table(i_queue, v_names[i]);
        end if;
    end loop;
    return cardinality(v_names);
end;
$$;
