-- londiste.global_add_table(i_queue_name, i_table_name)
--
-- Notes that a table is on the queue; whether it is used here is another question (londiste.local_add_table).
--
-- Returns: ret_code, ret_note: 200 added; 201 known already; 400 unknown queue
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
    v_name text := londiste.make_fqname(i_table_name);
begin
    if londiste._find_node(i_queue_name) is null then
        ret_code := 400;
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_name is null then
        raise exception 'Table name must not be NULL' using errcode = 'TD001';
    end if;
    insert into londiste.table_info (queue_name, table_name)
    values (i_queue_name, v_name)
    on conflict (queue_name, table_name) do nothing;
    ret_code := case when found then 200 else 201 end;
    ret_note := case when found then 'Table added: ' else 'Table already added: ' end || v_name;
end;
$$;
