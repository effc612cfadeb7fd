-- pgtide._capture_replica(i_queue, i_table)
--
-- On the provider: starts or ends the capture of writes in replica mode, as the queue's policy says (capture_replica): the writes
-- of native subscriptions, of sessions with session_replication_role = replica, and of a replay of another queue. Locks the table
-- only for a change.
--
-- Arguments: i_table - a captured table, not a partition of one
-- Returns: int, the number of changes; 0 if all was as it should be
-- Writes: row triggers on the table, and which of its capture triggers fire in replica mode; the function
--         capture_rows_<queue>_<table> in schema pgtide, which stays while other triggers call it
--
-- The other triggers of the capture do not fire in replica mode, and an apply worker of a subscription fires no statement
-- triggers at all, except for TRUNCATE. So there are row triggers that fire in replica mode alone (ENABLE REPLICA) and cost other
-- sessions nothing, and the triggers for TRUNCATE fire always.
--
-- If another row trigger changes the row again in replica mode, the order of the two is that of their names.
create or replace function pgtide._capture_replica(i_queue text, i_table oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue_id int := (select queue_id from pgq.queue where queue_name = i_queue);
    v_wanted bool := coalesce((select p.capture_replica from pgtide.queue_policy p where p.queue_name = i_queue), false);
    v_function name;
    v_source text;
    v_one record;
    v_changes int := 0;
begin
    select p.proname, p.prosrc into v_function, v_source
    from pgtide._replica_triggers(v_queue_id, i_table) g join pg_proc p on p.oid = g.function limit 1;
    if v_wanted then
        if v_function is null then
            select f.name into v_function
            from generate_series(0, 1000) nr, format('capture_rows_%s_%s%s', v_queue_id, i_table, '_' || nullif(nr, 0)) f (name)
            where not exists (select from pg_proc p where p.pronamespace = 'pgtide'::regnamespace and p.proname = f.name)
            order by nr limit 1;
        end if;
        if v_source is null or position(pgtide._capture_version() || ' ' || pgtide._capture_made_for(v_queue_id, i_table, i_table) in v_source) = 0
                or position(pgtide.capture_shape(i_table, i_table) in v_source) = 0 then
            execute pgtide._capture_row_function(v_queue_id, i_table, v_function);
            -- PostgreSQL gives the trigger to each new partition, with the rights of the role that creates it.
            execute format('grant execute on function pgtide.%I() to public', v_function);
            v_changes := v_changes + 1;
        end if;
        for v_one in
            select r.relation from pgtide._replica_relations(i_table) r (relation)
            where r.relation not in (select g.relation from pgtide._replica_triggers(v_queue_id, i_table) g)
        loop
            execute format('create trigger %I after insert or update or delete on %s for each row execute procedure pgtide.%I()',
                pgtide._free_trigger_name(v_one.relation, pgtide._trigger_name(i_queue, 'replica')), v_one.relation::regclass, v_function);
            v_changes := v_changes + 1;
        end loop;
    end if;
    for v_one in
        select g.relation, g.trigger_name, 'enable replica' as change
        from pgtide._replica_triggers(v_queue_id, i_table) g where v_wanted and g.enabled <> 'R'
        union all
        select t.relation, g.trigger_name, case when v_wanted and g.suffix like 'trunc%' then 'enable always' else 'enable' end
        from pgtide.table_tree(i_table) t (relation), pgtide.capture_triggers(v_queue_id, t.relation) g
        where g.enabled = case when v_wanted and g.suffix like 'trunc%' then 'O' else 'A' end
          and (v_wanted or v_function is not null)
    loop
        execute format('alter table %s %s trigger %I', v_one.relation::regclass, v_one.change, v_one.trigger_name);
        v_changes := v_changes + 1;
    end loop;
    if not v_wanted and v_function is not null then
        for v_one in
            select g.relation, g.trigger_name
            from pgtide._replica_triggers(v_queue_id, i_table) g join pgtide._replica_relations(i_table) r (relation) using (relation)
        loop
            execute format('drop trigger %I on %s', v_one.trigger_name, v_one.relation::regclass);
            v_changes := v_changes + 1;
        end loop;
        -- Other triggers may call the function: one of a partition that was detached, or one on a table of any role, since
        -- any role may execute it.
        perform pgtide._drop_uncalled_captures(v_queue_id, array[format('pgtide.%I()', v_function)::regprocedure::oid]);
    end if;
    return v_changes;
end;
$$;
