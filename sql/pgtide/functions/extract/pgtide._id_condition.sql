-- pgtide._id_condition(i_after, i_last)
--
-- On the provider: the condition, over ev_id, of the events of a slice.
--
-- Arguments: i_after - the id after which the slice begins; i_last - its last id; null: it has no end
-- Returns: text
-- Writes: nothing
--
-- The index of event tables and row tables has ids without their last 12 bits (pgq._create_event_index).
create or replace function pgtide._id_condition(i_after bigint, i_last bigint)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format('ev_id > %s and ev_id >> 12 >= %s', i_after, i_after >> 12)
        || case when i_last is null then '' else format(' and ev_id <= %s and ev_id >> 12 <= %s', i_last, i_last >> 12) end;
$$;
