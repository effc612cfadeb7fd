-- pgq._override_field(i_fields, i_nr, i_rows, i_type, i_value)
--
-- Puts the result of an expression (when=, ev_data= ..) into an event's fields.
--
-- Arguments: i_nr - 1 for when, 2 .. 7 for ev_type .. ev_extra4; i_rows, i_type, i_value - what pgq._field_query's query gave
-- Returns: text[], the fields; null when there is to be no event, or i_fields is null
-- Writes: nothing
-- Errors: TD001 not one row; when= is no boolean, or null
create or replace function pgq._override_field(i_fields text[], i_nr int4, i_rows bigint, i_type oid, i_value text)
returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    v_fields    text[] := i_fields;
    v_value     text := (pgq._row_fields(i_value))[1];
begin
    if coalesce(i_rows, 0) <> 1 then
        raise exception 'Expect 1 row from override query, got %', coalesce(i_rows, 0) using errcode = 'TD001';
    elsif i_nr > 1 then
        v_fields[i_nr - 1] := v_value;
    elsif i_type <> 16 then
        raise exception 'when= query result must be boolean, got=%', i_type using errcode = 'TD001';
    elsif v_value is null then
        raise exception 'when= should not be NULL' using errcode = 'TD001';
    elsif v_value = 'f' then
        v_fields := null;
    end if;
    return v_fields;
end;
$$;
