-- pgtide.drop_capture(i_queue, i_table) returns int
--
-- Takes the capture of a queue off a table and its partitions. Returns the number of triggers dropped.
create or replace function pgtide.drop_capture(i_queue text, i_table oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_trigger record;
    v_dropped int := 0;
begin
    for v_trigger in
        select g.tgrelid::regclass as relation, g.tgname
        from pgtide.table_tree(i_table) t (relation)
        join pg_trigger g on g.tgrelid = t.relation
        where g.tgname in (select pgtide.trigger_name(i_queue, s)
                           from unnest('{insert,update,delete,truncating,truncate}'::text[]) s)
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
        v_dropped := v_dropped + 1;
    end loop;
    for v_trigger in
        select p.oid::regprocedure as signature
        from pgtide.table_tree(i_table) t (relation)
        join pgq.queue q on q.queue_name = i_queue
        join pg_proc p on p.proname = format('capture_%s_%s', q.queue_id, t.relation)
        where p.pronamespace = 'pgtide'::regnamespace
    loop
        execute format('drop function %s', v_trigger.signature);
    end loop;
    return v_dropped;
end;
$$;
