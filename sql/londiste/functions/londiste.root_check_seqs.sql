-- londiste.root_check_seqs(i_queue_name, i_buffer), londiste.root_check_seqs(i_queue_name)
--
-- Publishes the root's sequences that have come near their last published value, so that those of the other nodes are always
-- ahead: by one to three buffers. Called by maintenance. Sequences that count down are not published.
--
-- Arguments: i_buffer - in steps of the sequence; default 10000, also when it is null or below 10
-- Returns: ret_code, ret_note: 100; 402 not the root; 404 unknown queue
-- Writes: londiste.seq_info, events londiste.update-seq
create or replace function londiste.root_check_seqs(
    in i_queue_name text,
    in i_buffer int8,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_buffer    int8 := case when i_buffer >= 10 then i_buffer else 10000 end;
    v_node      text := londiste._find_node(i_queue_name);
    v_seq       text;
begin
    if v_node is null then
        ret_code := 404;
        ret_note := 'Queue not found: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_node <> 'root' then
        ret_code := 402;
        ret_note := 'Not a root node';
        return;
    end if;
    for v_seq in
        select s.seq_name from londiste.seq_info s where s.queue_name = i_queue_name and s.local order by s.nr
    loop
        perform londiste._publish_seq(i_queue_name, v_seq, v_buffer);
    end loop;
    ret_code := 100;
    ret_note := 'Sequences updated';
end;
$$;

create or replace function londiste.root_check_seqs(
    in i_queue_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    select c.ret_code, c.ret_note into ret_code, ret_note from londiste.root_check_seqs(i_queue_name, 10000) c;
end;
$$;
