-- pgtide.reaches_partitions(i_queue, i_table) returns bool
--
-- Whether a captured table has row triggers of ours, which cannot be dropped from it without its partitions: pgtide.guard_partitions,
-- pgtide._capture_replica.
create or replace function pgtide.reaches_partitions(i_queue text, i_table oid)
returns bool language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from pg_trigger g where g.tgrelid = i_table and g.tgfoid = 'pgtide.refuse_foreign_partition'::regproc)
        or exists (select from pgq.queue q, pgtide._replica_triggers(q.queue_id, i_table) where q.queue_name = i_queue);
end;
$$;
