-- pgq._row_events(i_batch_id)
--
-- The events of a batch that are in row tables (pgq.row_table), in no order. Runs with the caller's rights.
--
-- Returns: setof event, as pgq.get_batch_events; none for an empty batch. ev_data is null if it would be larger than 1 GB
-- Writes: nothing
-- Errors: TD002 batch not found
--
-- The settings are those under which values are written into events (pgtide._pinned_settings): an event has the same text whatever
-- the reader's session has set.
create or replace function pgq._row_events(
    in i_batch_id bigint,
    out ev_id bigint,
    out ev_time timestamptz,
    out ev_txid bigint,
    out ev_retry int4,
    out ev_type text,
    out ev_data text,
    out ev_extra1 text,
    out ev_extra2 text,
    out ev_extra3 text,
    out ev_extra4 text
) returns setof record
language plpgsql stable set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, MDY' set intervalstyle = 'postgres' set timezone = 'UTC' set extra_float_digits = 3 set bytea_output = 'hex'
set lc_monetary = 'C' as $$
declare
    -- A row that is larger may be more than the 1 GB that a text can be, since JSON writes control characters with six letters.
    c_large constant int := 100000000;
    v_part  record;
    v_place tid;
begin
    for v_part in select p.* from pgq._batch_parts(i_batch_id) p where p.events is not null loop
        return query execute format('select %s from %s e where %s and %s <= %s', v_part.events, v_part.source, v_part.condition, v_part.size, c_large);
        for v_place in execute format('select e.ctid from %s e where %s and %s > %s', v_part.source, v_part.condition, v_part.size, c_large) loop
            begin
                return query execute format('select %s from %s e where e.ctid = $1', v_part.events, v_part.source) using v_place;
            exception when program_limit_exceeded then
                return query execute format('select %s from %s e where e.ctid = $1', v_part.heads, v_part.source) using v_place;
            end;
        end loop;
    end loop;
end;
$$;
