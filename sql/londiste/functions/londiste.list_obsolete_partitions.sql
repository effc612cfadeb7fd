-- londiste.list_obsolete_partitions(i_parent_table, i_retention_period, i_partition_period)
--
-- The tables that are named as a parent's partitions are, in its schema, and are older than what is kept. They need not inherit from it;
-- it need not be there.
--
-- Arguments: i_parent_table - its global name; i_retention_period, i_partition_period - as londiste.is_obsolete_partition
-- Returns: setof text, names as SQL; none when there are none
-- Writes: nothing
-- Errors: as londiste._partition_suffix
create or replace function londiste.list_obsolete_partitions(
    in i_parent_table text,
    in i_retention_period interval,
    in i_partition_period text
) returns setof text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select format('%I.%I', n.nspname, c.relname)
      from (select coalesce(pn.nspname::text, f.schema_part) as schema_name, coalesce(p.relname::text, f.table_part) as table_name
              from londiste.split_fqname(londiste.make_fqname(i_parent_table)) f(schema_part, table_part)
              left join pg_class p on p.oid = londiste.find_table_oid(i_parent_table)
              left join pg_namespace pn on pn.oid = p.relnamespace) t
      join londiste._partition_suffix(i_partition_period) s on true
      join pg_namespace n on n.nspname = t.schema_name
      join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p')
     where left(c.relname, length(t.table_name)) = t.table_name
       and substr(c.relname, length(t.table_name) + 1) ~ ('^' || s.pattern || '$')
       and londiste.is_obsolete_partition(c.relname, i_retention_period, i_partition_period)
     order by 1;
$$;
