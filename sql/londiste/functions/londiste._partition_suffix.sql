-- londiste._partition_suffix(i_period)
--
-- How the name of a partition for a year, month, day or hour ends.
--
-- Returns: pattern (a regular expression) and format (for to_char)
-- Writes: nothing
-- Errors: TD001 another period
create or replace function londiste._partition_suffix(in i_period text, out pattern text, out format text) returns record
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    v_parts int4 := case when i_period in ('year', 'yearly') then 1
                         when i_period in ('month', 'monthly') then 2
                         when i_period in ('day', 'daily') then 3
                         when i_period in ('hour', 'hourly') then 4 end;
begin
    if v_parts is null then
        raise exception 'not supported i_partition_period: %', i_period
            using errcode = 'TD001', hint = 'It is one of year, month, day, hour.';
    end if;
    pattern := '_[0-9]{4}' || repeat('_[0-9]{2}', v_parts - 1);
    format := array_to_string((array['_YYYY', 'MM', 'DD', 'HH24'])[:v_parts], '_');
end;
$$;
