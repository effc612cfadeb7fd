-- londiste.is_obsolete_partition(i_partition_table, i_retention_period, i_partition_period)
--
-- Whether a partition is older than what is kept, by the time in its name: that of the session's time zone.
--
-- Arguments: i_partition_period - year, month, day or hour: the name ends with _YYYY, _YYYY_MM, _YYYY_MM_DD or _YYYY_MM_DD_HH
-- Returns: boolean; null when the name has no such end
-- Writes: nothing
-- Errors: as londiste._partition_suffix
create or replace function londiste.is_obsolete_partition(
    in i_partition_table text,
    in i_retention_period interval,
    in i_partition_period text
) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select case when n.ending is not null
                then coalesce(n.ending < to_char(now() - i_retention_period, s.format) collate "C", false) end
      from londiste._partition_suffix(i_partition_period) s,
           lateral (select substring(i_partition_table from '^.+(' || s.pattern || ')$') as ending) n;
$$;
