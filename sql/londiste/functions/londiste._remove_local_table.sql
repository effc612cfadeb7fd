-- londiste._remove_local_table(i_queue_name, i_table_name, i_path)
--
-- londiste.local_remove_table, and what it needs to know of its caller.
--
-- Arguments: i_path - the caller's search_path, under which its Londiste has stored what it took off the table
-- Returns: as londiste.local_remove_table
-- Writes: triggers on the table, and as londiste._leave_set
create or replace function londiste._remove_local_table(
    in i_queue_name text,
    in i_table_name text,
    in i_path text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_table_name);
    v_info  record;
    v_table oid;
begin
    ret_code := 400;
    if londiste._find_node(i_queue_name) is null then
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    select t.local, t.dropped_ddl, t.dest_table into v_info
      from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name for update;
    if not found then
        ret_note := 'Table not found: ' || coalesce(v_name, 'null');
        return;
    elsif not v_info.local then
        ret_note := 'Table not registered locally: ' || v_name;
        return;
    end if;

    v_table := londiste.find_table_oid(coalesce(v_info.dest_table, v_name));
    perform londiste.drop_table_triggers(i_queue_name, v_name);
    if v_info.dropped_ddl is not null and v_table is not null then
        perform pgtide.run(pgtide.table_runner(v_table), 'truncate '
            || case when (select c.relkind from pg_class c where c.oid = v_table) = 'p' then '' else 'only ' end || v_table::regclass);
        perform pgtide.run_stored_ddl(v_info.dropped_ddl, i_path);
    end if;
    perform londiste._leave_set(i_queue_name, v_name);
    ret_code := 200;
    ret_note := 'Table removed: ' || v_name;
end;
$$;
