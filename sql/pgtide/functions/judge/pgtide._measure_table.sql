-- pgtide._measure_table(i_name)
--
-- On the subscriber: sums up the staged row events of one table again, after they were changed. See pgtide.measure_stage.
--
-- Arguments: i_name - the table's name in the queue
-- Returns: nothing
-- Writes: temporary table pgtide_kinds
--
-- For tables that pgtide._check_readable has passed: the new rows have neither a misfit nor the number of events without
-- data.
create or replace function pgtide._measure_table(i_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from pg_temp.pgtide_kinds where table_name = i_name and op <> 'T';
    insert into pg_temp.pgtide_kinds (table_name, ev_type, op, tag, events, first_ev_id, last_ev_id, first_txid)
    select i_name, s.ev_type, substr(s.ev_type, 8, 1)::"char", case when s.ev_extra4 like 'pgtide:%' then s.ev_extra4 end,
           count(*), min(s.ev_id), max(s.ev_id), min(s.ev_txid)
    from pg_temp.pgtide_stage s
    where s.ev_extra1 = i_name and s.ev_type like '{%' and s.ev_type not like '{"op":"TRUNCATE"%'
    group by 2, 3, 4;
    update pg_temp.pgtide_kinds k set first_data = s.ev_data
    from pg_temp.pgtide_stage s where s.ev_id = k.first_ev_id and k.table_name = i_name;
end;
$$;
