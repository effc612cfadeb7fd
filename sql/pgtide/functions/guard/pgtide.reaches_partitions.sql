-- pgtide.reaches_partitions(i_queue, i_table)
--
-- Returns whether a captured table has row triggers of pgtide: those of pgtide.guard_partitions and pgtide._capture_replica. They
-- cannot be dropped from the table without being dropped from its partitions.
--
-- Returns: bool
-- Writes: nothing
create or replace function pgtide.reaches_partitions(i_queue text, i_table oid)
returns bool language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from pg_trigger g where g.tgrelid = i_table and g.tgfoid = 'pgtide.refuse_foreign_partition'::regproc)
        or exists (select from pgq.queue q, pgtide._replica_triggers(q.queue_id, i_table) where q.queue_name = i_queue);
end;
$$;
