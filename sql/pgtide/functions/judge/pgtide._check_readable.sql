-- pgtide._check_readable(i_table)
--
-- On the subscriber: checks that the staged events of a table can be applied to its columns.
--
-- Returns: nothing
-- Writes: nothing
-- Errors: TD004 the types of the columns do not keep the values of the events (pgtide.note_types); TD007 an event is not a
--         row in the form of its type, or came as one that could not be read or sent (tag pgtide:unreadable, with its type
--         and the reason as data)
create or replace function pgtide._check_readable(i_table text)
returns void language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_misfit text;
    v_event record;
begin
    select k.misfit into v_misfit from pg_temp.pgtide_kinds k where k.table_name = i_table and k.misfit is not null limit 1;
    if found then
        raise exception '%', v_misfit using errcode = 'TD004';
    end if;
    select k.first_ev_id, k.ev_type, case when k.tag = 'pgtide:unreadable' and k.empty = 0 then k.first_data::json end as data into v_event
    from pg_temp.pgtide_kinds k
    where k.table_name = i_table and (k.tag = 'pgtide:unreadable' or k.op is null or k.op <> 'T' and k.empty > 0)
    order by k.first_ev_id limit 1;
    if found then
        raise exception 'event % (%) of table % cannot be applied: %', v_event.first_ev_id,
            coalesce(v_event.data->>'type', pgtide.event_label(v_event.ev_type)), i_table,
            coalesce(v_event.data->>'reason', 'it is not a row in the form of its type') using errcode = 'TD007';
    end if;
end;
$$;
