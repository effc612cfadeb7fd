-- pgtide._take_truncates(i_queue)
--
-- On the subscriber: finds the tables that the staged events truncate, and deletes their events up to the last TRUNCATE from
-- the stage. pgtide._apply_truncates then empties the tables.
--
-- Returns: int, the number of tables; 0 when none is truncated
-- Writes: temporary table pgtide_stage; it creates pgtide_truncated (table_name, ev_id); as pgtide.measure_stage
--
-- A table that ignores truncates keeps its rows and its events.
create or replace function pgtide._take_truncates(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count int;
begin
    create temp table pgtide_truncated on commit drop as
    select k.table_name, max(k.last_ev_id) as ev_id
    from pg_temp.pgtide_kinds k
    join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name
    where k.op = 'T' and coalesce(t.table_attrs, '') !~ 'ignore_truncate=1'
    group by k.table_name;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        delete from pg_temp.pgtide_stage s using pg_temp.pgtide_truncated t
        where s.ev_extra1 = t.table_name and s.ev_type like '{%' and s.ev_id <= t.ev_id;
        perform pgtide.measure_stage();
    end if;
    return v_count;
end;
$$;
