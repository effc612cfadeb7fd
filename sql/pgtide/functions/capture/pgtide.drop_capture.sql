-- pgtide.drop_capture(i_queue, i_table [, i_only])
--
-- On the provider: removes the capture of a queue from a table and its partitions.
--
-- Arguments: i_only - only this one of its partitions: see pgtide.create_capture. The last call, without it, does the rest
-- Returns: int, the number of statement triggers dropped; 0 if there were none. The row triggers are not counted
-- Writes: triggers on the table and its partitions (without i_only also those of pgtide._capture_replica with their function, and
--         that of pgtide.guard_partitions unless the table has another queue's capture); the functions capture_* in schema pgtide
--         that they called, unless other triggers call them
create or replace function pgtide.drop_capture(i_queue text, i_table oid, i_only oid default null)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue_id int := (select queue_id from pgq.queue where queue_name = i_queue);
    v_relations oid[] := case when i_only is null then array(select pgtide.table_tree(i_table)) else array[i_only] end;
    v_trigger record;
    v_functions oid[];
    v_drops text[];
    v_drop text;
begin
    -- All are looked up before the first lock: very many partitions of a table may have lost their triggers already.
    select coalesce(array_agg(distinct g.function), '{}'),
           coalesce(array_agg(format('drop trigger %I on %s', g.trigger_name, t.relation::regclass) order by t.nr), '{}')
    into v_functions, v_drops
    from unnest(v_relations) with ordinality t (relation, nr), pgtide.capture_triggers(v_queue_id, t.relation) g;
    foreach v_drop in array v_drops loop
        execute v_drop;
    end loop;
    if i_only is null then
        for v_trigger in
            select distinct p.oid::regprocedure as signature
            from pgtide._replica_triggers(v_queue_id, i_table) g join pg_proc p on p.oid = g.function
        loop
            execute format('drop function %s cascade', v_trigger.signature);
        end loop;
        -- The triggers of the partitions are dropped with it.
        for v_trigger in
            select g.tgname from pg_trigger g
            where g.tgrelid = i_table and g.tgfoid = 'pgtide.refuse_foreign_partition'::regproc
              and not exists (select from pg_trigger o join pg_proc p on p.oid = o.tgfoid
                              where o.tgrelid = i_table and p.pronamespace = 'pgtide'::regnamespace and p.proname like 'capture\_%')
        loop
            execute format('drop trigger %I on %s', v_trigger.tgname, i_table::regclass);
        end loop;
    end if;
    perform pgtide._drop_uncalled_captures(v_queue_id, v_functions);
    return cardinality(v_drops);
end;
$$;
