-- londiste.global_update_seq(i_queue_name, i_seq_name, i_value)
--
-- Takes a value that the root has published. An unknown sequence is noted; one that is used here is moved forward.
--
-- Returns: ret_code, ret_note: 200; 402 on the root; 404 unknown queue
-- Writes: londiste.seq_info, the sequence
-- Errors: TD002 the sequence is used here, and is not there
create or replace function londiste.global_update_seq(
    in i_queue_name text,
    in i_seq_name text,
    in i_value int8,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_seq_name);
    v_node  text := londiste._find_node(i_queue_name);
    v_local boolean;
    v_seq   oid;
begin
    if v_node is null then
        ret_code := 404;
        ret_note := 'Set not found: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_node = 'root' then
        ret_code := 402;
        ret_note := 'Must not run on root node';
        return;
    end if;
    insert into londiste.seq_info as s (queue_name, seq_name, last_value)
    values (i_queue_name, v_name, i_value)
    on conflict (queue_name, seq_name) do update set last_value = excluded.last_value
    returning s.local into v_local;
    if v_local then
        v_seq := londiste.find_seq_oid(v_name);
        if v_seq is null then
            raise exception 'Sequence not found: %', v_name
                using errcode = 'TD002', hint = 'Create it, or take it out: londiste.local_remove_seq.';
        end if;
        perform londiste._seq_forward(v_seq, i_value);
    end if;
    ret_code := 200;
    ret_note := 'Sequence updated';
end;
$$;
