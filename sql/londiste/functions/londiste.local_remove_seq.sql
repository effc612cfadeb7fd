-- londiste.local_remove_seq(i_queue_name, i_seq_name)
--
-- Ends a sequence's part in the queue on this node; on the root it leaves the queue.
--
-- Returns: ret_code, ret_note: 200; 400 unknown queue, or on the root no such sequence; 404
--          elsewhere the queue has no such sequence that this node uses
-- Writes: londiste.seq_info; on the root an event londiste.remove-seq
create or replace function londiste.local_remove_seq(
    in i_queue_name text,
    in i_seq_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := londiste.make_fqname(i_seq_name);
begin
    if londiste._find_node(i_queue_name) = 'root' then
        select g.ret_code, g.ret_note into ret_code, ret_note from londiste.global_remove_seq(i_queue_name, v_name) g;
        return;
    elsif londiste._find_node(i_queue_name) is null then
        ret_code := 400;
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    update londiste.seq_info s set local = false
     where s.queue_name = i_queue_name and s.seq_name = v_name and s.local;
    ret_code := case when found then 200 else 404 end;
    ret_note := case when found then 'Sequence removed: ' || v_name else 'Sequence not found: ' || coalesce(v_name, 'null') end;
end;
$$;
