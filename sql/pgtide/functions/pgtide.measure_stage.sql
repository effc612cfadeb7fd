-- pgtide.measure_stage() returns bigint
--
-- Sums up what lies in pgtide_stage, in one reading: the temporary table pgtide_kinds has a row for each table, event type and
-- column list (tag; NULL: the writer did not say) with the number of events. Later steps look there, and not at every event.
-- Returns the number of events. Raises TD007 at a type of event that replay cannot handle: to skip it would be silent loss.
create or replace function pgtide.measure_stage()
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown record;
begin
    create temp table if not exists pgtide_kinds (
        table_name text, ev_type text, op "char", tag text, events bigint, first_ev_id bigint, last_ev_id bigint
    ) on commit drop;
    truncate pg_temp.pgtide_kinds;
    insert into pg_temp.pgtide_kinds
    select case when ev_type like '{%' then ev_extra1 end, ev_type, case when ev_type like '{"op":"_%' then substr(ev_type, 8, 1) end,
           case when ev_extra4 like 'pgtide:%' then ev_extra4 end, sum(events), min(first_ev_id), max(last_ev_id)
    from (select ev_extra1, ev_type, ev_extra4, count(*) as events, min(ev_id) as first_ev_id, max(ev_id) as last_ev_id
          from pg_temp.pgtide_stage group by ev_extra1, ev_type, ev_extra4) s
    group by 1, 2, 3, 4;
    select ev_type, first_ev_id into v_unknown from pg_temp.pgtide_kinds
    where ev_type !~ '^(\{"op":"(INSERT|UPDATE|DELETE|TRUNCATE)"|pgq\.|londiste\.)' limit 1;
    if found then
        raise exception 'Unhandled event type in queue: % (ev_id %)', v_unknown.ev_type, v_unknown.first_ev_id using errcode = 'TD007';
    end if;
    return (select coalesce(sum(events), 0) from pg_temp.pgtide_kinds);
end;
$$;
