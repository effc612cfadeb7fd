-- londiste.global_remove_seq(i_queue_name, i_seq_name)
--
-- Takes a sequence off the queue on this node.
--
-- Returns: ret_code, ret_note: 200; 400 unknown queue, or no such sequence on it
-- Writes: londiste.seq_info; on the root an event londiste.remove-seq
create or replace function londiste.global_remove_seq(
    in i_queue_name text,
    in i_seq_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := londiste.make_fqname(i_seq_name);
    v_node text := londiste._find_node(i_queue_name);
begin
    if v_node is null then
        ret_code := 400;
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    delete from londiste.seq_info s where s.queue_name = i_queue_name and s.seq_name = v_name;
    if not found then
        ret_code := 400;
        ret_note := 'Sequence not found: ' || coalesce(v_name, 'null');
        return;
    end if;
    if v_node = 'root' then
        perform londiste.root_notify_change(i_queue_name, 'londiste.remove-seq', v_name);
    end if;
    ret_code := 200;
    ret_note := 'Sequence removed: ' || v_name;
end;
$$;
