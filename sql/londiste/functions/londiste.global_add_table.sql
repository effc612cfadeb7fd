-- londiste.global_add_table(i_queue_name, i_table_name)
--
-- Notes that a table is on the queue, and on the one that it is merged into; whether it is used here is another question
-- (londiste.local_add_table).
--
-- Returns: ret_code, ret_note: 200, also when it is known already; 400 unknown queue
-- Writes: londiste.table_info
-- Errors: TD001 the name is null
create or replace function londiste.global_add_table(
    in i_queue_name text,
    in i_table_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name      text := londiste.make_fqname(i_table_name);
    v_combined  text;
begin
    if londiste._find_node(i_queue_name) is null then
        ret_code := 400;
        ret_note := 'No such queue: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_name is null then
        raise exception 'Table name must not be NULL' using errcode = 'TD001';
    end if;
    insert into londiste.table_info (queue_name, table_name)
    values (i_queue_name, v_name)
    on conflict (queue_name, table_name) do nothing;
    ret_code := 200;
    ret_note := case when found then 'Table added: ' || i_table_name else 'Table already added: ' || v_name end;
    select n.combined_queue into v_combined from pgq_node.node_info n where n.queue_name = i_queue_name;
    if v_combined is not null then
        perform londiste.global_add_table(v_combined, v_name);
    end if;
end;
$$;
