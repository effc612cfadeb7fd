-- pgtide._replica_triggers(i_queue_id, i_table)
--
-- Lists the row triggers of pgtide._capture_replica on a table and its partitions, known by their function and kind.
--
-- Returns: table (relation, trigger_name, function, enabled), enabled as pg_trigger.tgenabled; no rows if there are none
-- Writes: nothing
create or replace function pgtide._replica_triggers(i_queue_id int, i_table oid)
returns table (relation oid, trigger_name name, function oid, enabled "char") language plpgsql stable rows 1
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
    return query
        -- tgtype: 1 for each row, 4 insert, 8 delete, 16 update
        select g.tgrelid, g.tgname, g.tgfoid, g.tgenabled
        from pgtide.table_tree(i_table) t (relation)
        join pg_trigger g on g.tgrelid = t.relation
        join pg_proc p on p.oid = g.tgfoid
        where p.pronamespace = 'pgtide'::regnamespace and p.proname like format('capture\_rows\_%s\_%%', i_queue_id)
          and g.tgtype = 29 and g.tgqual is null and g.tgattr::text = '';
end;
$$;
