-- pgtide._replicated_as(i_queue, i_relation)
--
-- On the subscriber: finds the table of this node that a relation is, or is a partition of.
--
-- Returns: text, the table's name in the queue; null when there is none
-- Writes: nothing
create or replace function pgtide._replicated_as(i_queue text, i_relation oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select t.table_name
        from unnest(pgtide.above_partition(array[i_relation])) a (relation)
        join londiste.table_info t on t.queue_name = i_queue and t.local and coalesce(t.dest_table, t.table_name) = pgtide.table_name(a.relation)
        where londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) = a.relation
        limit 1);
end;
$$;
