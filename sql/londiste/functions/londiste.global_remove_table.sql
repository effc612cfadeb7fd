-- londiste.global_remove_table(i_queue_name, i_table_name)
--
-- Takes a table off the queue on this node; its triggers go, its rows stay.
--
-- Returns: ret_code, ret_note: 200; 400 unknown queue or table
-- Writes: londiste.table_info, and as londiste.local_remove_table
create or replace function londiste.global_remove_table(
    in i_queue_name text,
    in i_table_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_table_name);
    v_node  text := londiste._find_node(i_queue_name);
    v_local boolean;
begin
    ret_code := 400;
    if v_node is null then
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    select t.local into v_local
      from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name for update;
    if not found then
        ret_note := 'Table not found: ' || coalesce(v_name, 'null');
        return;
    end if;

    if v_local then
        perform londiste.local_remove_table(i_queue_name, v_name);
    end if;
    delete from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name;
    if v_node = 'root' and not v_local then
        perform londiste.root_notify_change(i_queue_name, 'londiste.remove-table', v_name);
    end if;
    ret_code := 200;
    ret_note := 'Table removed: ' || v_name;
end;
$$;
