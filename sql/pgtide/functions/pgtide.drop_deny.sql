-- pgtide.drop_deny(i_queue, i_table) returns int
--
-- Takes the guard of pgtide.create_deny off a table and its partitions. Returns the number of triggers dropped.
create or replace function pgtide.drop_deny(i_queue text, i_table oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation oid;
    v_dropped int := 0;
begin
    for v_relation in
        select g.tgrelid from pgtide.table_tree(i_table) t (relation)
        join pg_trigger g on g.tgrelid = t.relation and g.tgname = pgtide.trigger_name(i_queue, 'deny')
    loop
        execute format('drop trigger %I on %s', pgtide.trigger_name(i_queue, 'deny'), v_relation::regclass);
        v_dropped := v_dropped + 1;
    end loop;
    return v_dropped;
end;
$$;
