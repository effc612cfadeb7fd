-- pgtide.drop_deny(i_queue, i_table)
--
-- Removes the guard of pgtide.create_deny from a table and its partitions.
--
-- Returns: int, the number of triggers dropped; 0 if there were none
-- Writes: triggers on the table and its partitions
create or replace function pgtide.drop_deny(i_queue text, i_table oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_trigger record;
    v_dropped int := 0;
begin
    for v_trigger in
        select t.relation::regclass as relation, g.trigger_name
        from pgtide.table_tree(i_table) t (relation), pgtide.deny_triggers(i_queue, t.relation) g
    loop
        execute format('drop trigger %I on %s', v_trigger.trigger_name, v_trigger.relation);
        v_dropped := v_dropped + 1;
    end loop;
    return v_dropped;
end;
$$;
