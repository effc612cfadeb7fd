-- pgq._put_dates(i_values, i_iso, i_types)
--
-- Exchanges the values of date, timestamp and timestamptz columns.
--
-- Arguments: i_iso - the same row's values under DateStyle ISO, or null
-- Returns: text[], i_values with those of i_iso in such columns; i_values when i_iso is null
-- Writes: nothing
create or replace function pgq._put_dates(i_values text[], i_iso text[], i_types oid[]) returns text[]
language plpgsql immutable as $$
declare
    v_values text[] := i_values;
begin
    for i in 1 .. coalesce(cardinality(i_iso), 0) loop
        if i_types[i] in (1082, 1114, 1184) then
            v_values[i] := i_iso[i];
        end if;
    end loop;
    return v_values;
end;
$$;
