-- pgtide.measure_stage() returns bigint
--
-- Sums up what lies in pgtide_stage: the temporary table pgtide_kinds has a row for each table, event type and column list
-- (tag; NULL: the writer did not say) with the number of events, the data of the first, and, later on, why they
-- cannot be applied (misfit: pgtide.note_types). Later steps look there, and not at
-- every event: to read a large stage once more costs as much as a twentieth of all of replay.
-- TRUNCATE as sqltriga, logutriga and our capture write it becomes jsontriga's.
-- Returns the number of events. Raises TD007 at a type of event that replay cannot handle: to skip it would be silent loss.
create or replace function pgtide.measure_stage()
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown record;
    v_events bigint;
begin
    create temp table if not exists pgtide_kinds (
        table_name text, ev_type text, op "char", tag text, events bigint, first_ev_id bigint, last_ev_id bigint,
        first_txid bigint, first_data text, misfit text
    ) on commit drop;
    truncate pg_temp.pgtide_kinds;
    insert into pg_temp.pgtide_kinds (table_name, ev_type, op, tag, events, first_ev_id, last_ev_id, first_txid)
    select case when ev_type like '{%' then ev_extra1 end, ev_type, case when ev_type like '{"op":"_%' then substr(ev_type, 8, 1) end,
           case when ev_extra4 like 'pgtide:%' then ev_extra4 end, sum(events), min(first_ev_id), max(last_ev_id), min(first_txid)
    from (select ev_extra1, ev_type, ev_extra4, count(*) as events, min(ev_id) as first_ev_id, max(ev_id) as last_ev_id,
                 min(ev_txid) as first_txid
          from pg_temp.pgtide_stage group by ev_extra1, ev_type, ev_extra4) s
    group by 1, 2, 3, 4;
    if exists (select from pg_temp.pgtide_kinds where ev_type = 'R') then
        update pg_temp.pgtide_stage set ev_type = '{"op":"TRUNCATE"}', ev_data = '{}' where ev_type = 'R';
        return pgtide.measure_stage();
    end if;
    select ev_type, first_ev_id into v_unknown from pg_temp.pgtide_kinds
    where ev_type !~ '^(\{"op":"(INSERT|UPDATE|DELETE|TRUNCATE)"|pgq\.|londiste\.)' limit 1;
    if found then
        raise exception 'Unhandled event type in queue: % (ev_id %)', v_unknown.ev_type, v_unknown.first_ev_id using errcode = 'TD007';
    end if;
    select coalesce(sum(events), 0) into v_events from pg_temp.pgtide_kinds;
    if v_events > 100 then
        -- Without statistics the planner takes a large slice for a handful of rows. A small sample does.
        perform set_config('default_statistics_target', '3', true);
        analyze pg_temp.pgtide_stage (ev_extra1, ev_type);
        if (select count(distinct table_name) > 3 from pg_temp.pgtide_kinds) then
            -- The steps for one table do not read all tables' events.
            create index if not exists pgtide_stage_table on pg_temp.pgtide_stage (ev_extra1);
            create index if not exists pgtide_kinds_table on pg_temp.pgtide_kinds (table_name);
        end if;
    end if;
    -- Looked up one by one: the first event of a kind mostly lies near the first of the stage.
    update pg_temp.pgtide_kinds k set first_data = (
        select s.ev_data from pg_temp.pgtide_stage s where s.ev_extra1 = k.table_name and s.ev_id = k.first_ev_id limit 1)
    where k.op <> 'T' and k.tag is not null;
    return v_events;
end;
$$;
