-- londiste.drop_obsolete_partitions(i_parent_table, i_retention_period, i_partition_period)
--
-- Drops the tables that londiste.list_obsolete_partitions lists.
--
-- Arguments: as londiste.list_obsolete_partitions
-- Returns: setof text, names as SQL of the dropped tables; none when there were none
-- Writes: drops tables
-- Errors: as londiste._partition_suffix
create or replace function londiste.drop_obsolete_partitions(
    in i_parent_table text,
    in i_retention_period interval,
    in i_partition_period text
) returns setof text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_part text;
begin
    for v_part in
        select p from londiste.list_obsolete_partitions(i_parent_table, i_retention_period, i_partition_period) p
    loop
        execute 'drop table ' || v_part;
        return next v_part;
    end loop;
end;
$$;
