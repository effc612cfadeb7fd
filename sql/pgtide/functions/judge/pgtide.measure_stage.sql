-- pgtide.measure_stage()
--
-- On the subscriber: sums up the events in pgtide_stage, and the rows that arrived as rows (pgtide.stage_rows), as the temporary table
-- pgtide_kinds, which has a row for each table, event type and column list.
--
-- Returns: bigint, the number of events and rows; 0 when there are none
-- Writes: temporary tables pgtide_kinds, which it creates, and pgtide_stage; indexes on both; pgtide_typed; setting
--         default_statistics_target, until the transaction ends
--
-- Columns of pgtide_kinds: the table; the event type; op, which is I, U, D or T, or null if the type names no operation; the
-- column list (tag; null: the writer gave none); the number of events, and of those without data (empty); the first and last
-- event (null of rows); the data of the first (of rows: an object with their columns); as_rows, whether they arrived as rows; and, later
-- on, why the events cannot be applied (misfit: pgtide.note_types). If events were
-- taken out of the stage and it is summed up again, each table keeps its misfit.
--
-- Later steps read this table instead of each event: reading a large stage once more costs a twentieth of all of replay.
--
-- A row event has a type that begins with a brace, and a table name that is not longer than names can be. All other events
-- have table_name null (pgtide.handle_events). TRUNCATE as sqltriga, logutriga and pgtide's capture write it is rewritten to
-- jsontriga's form.
create or replace function pgtide.measure_stage()
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_events bigint;
    v_misfits jsonb;
    v_stage text;
begin
    create temp table if not exists pgtide_kinds (
        table_name text, ev_type text, op "char", tag text, events bigint, empty bigint, first_ev_id bigint, last_ev_id bigint,
        first_txid bigint, first_data text, misfit text, as_rows bool not null default false
    ) on commit drop;
    -- As in the stage, wide values are not compressed.
    alter table pg_temp.pgtide_kinds alter first_data set storage external;
    select jsonb_object_agg(k.table_name, k.misfit) into v_misfits from pg_temp.pgtide_kinds k where k.misfit is not null;
    truncate pg_temp.pgtide_kinds;
    insert into pg_temp.pgtide_kinds (table_name, ev_type, op, tag, events, empty, first_ev_id, last_ev_id, first_txid)
    select case when ev_type like '{%' and octet_length(ev_extra1) <= 512 then ev_extra1 end, ev_type,
           substr(substring(ev_type from '^\{"op":"(?:INSERT|UPDATE|DELETE|TRUNCATE)"'), 8, 1),
           case when ev_extra4 like 'pgtide:%' then ev_extra4 end, sum(events), sum(empty), min(first_ev_id), max(last_ev_id), min(first_txid)
    from (select ev_extra1, ev_type, ev_extra4, count(*) as events, count(*) - count(ev_data) as empty, min(ev_id) as first_ev_id,
                 max(ev_id) as last_ev_id, min(ev_txid) as first_txid
          from pg_temp.pgtide_stage group by ev_extra1, ev_type, ev_extra4) s
    group by 1, 2, 3, 4;
    -- Rows are counted once: nothing is taken out of their stages.
    foreach v_stage in array array(select distinct t.stage from pg_temp.pgtide_typed t where t.events is null) loop
        execute format('update pg_temp.pgtide_typed c set events = coalesce(k.events, 0)
                        from (values (''I''::"char"), (''U''), (''D'')) o (op)
                        left join (select ev_op, count(*) as events from %s group by ev_op) k on k.ev_op = o.op
                        where c.stage = %L and c.op = o.op', v_stage, v_stage);
        if (select sum(c.events) > 100 from pg_temp.pgtide_typed c where c.stage = v_stage) then
            perform set_config('default_statistics_target', '3', true);
            perform pgtide._analyze_typed(v_stage);
        end if;
    end loop;
    insert into pg_temp.pgtide_kinds (table_name, ev_type, op, tag, events, empty, first_txid, first_data, as_rows)
    select c.table_name, c.ev_type, c.op, c.tag, c.events, 0, c.first_txid, c.names, true
    from pg_temp.pgtide_typed c where c.events > 0;
    if v_misfits is not null then
        update pg_temp.pgtide_kinds k set misfit = v_misfits->>k.table_name where v_misfits ? k.table_name;
    end if;
    if exists (select from pg_temp.pgtide_kinds where ev_type = 'R') then
        update pg_temp.pgtide_stage set ev_type = '{"op":"TRUNCATE"}', ev_data = '{}' where ev_type = 'R' and octet_length(ev_extra1) <= 512;
        if found then
            return pgtide.measure_stage();
        end if;
    end if;
    select coalesce(sum(events), 0) into v_events from pg_temp.pgtide_kinds k where not k.as_rows;
    if v_events > 100 then
        -- Without statistics the planner estimates a handful of rows for a large slice. A small sample is enough.
        perform set_config('default_statistics_target', '3', true);
        analyze pg_temp.pgtide_stage (ev_extra1, ev_type);
        if (select count(distinct table_name) > 3 from pg_temp.pgtide_kinds k where not k.as_rows) then
            -- With the index, the steps for one table do not read the events of all tables.
            begin
                create index if not exists pgtide_stage_table on pg_temp.pgtide_stage (ev_extra1);
            exception when program_limit_exceeded then
                -- The field of some event holds more than a name.
                null;
            end;
            create index if not exists pgtide_kinds_table on pg_temp.pgtide_kinds (table_name);
        end if;
    end if;
    -- Looked up one by one: the first event of a kind is mostly near the first event of the stage.
    update pg_temp.pgtide_kinds k set first_data = (
        select s.ev_data from pg_temp.pgtide_stage s where s.ev_extra1 = k.table_name and s.ev_id = k.first_ev_id limit 1)
    where k.op <> 'T' and k.tag is not null and not k.as_rows;
    return (select coalesce(sum(k.events), 0) from pg_temp.pgtide_kinds k);
end;
$$;
