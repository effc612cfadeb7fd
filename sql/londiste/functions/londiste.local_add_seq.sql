-- londiste.local_add_seq(i_queue_name, i_seq_name)
--
-- Makes a sequence follow the queue on this node. The root publishes values ahead of its own; elsewhere the sequence is set to
-- what was last published.
--
-- Returns: ret_code, ret_note: 200; 201 there already; 400 unknown queue or no such sequence; 404 not on the queue
-- Writes: londiste.seq_info; on the root an event londiste.update-seq, elsewhere the sequence
create or replace function londiste.local_add_seq(
    in i_queue_name text,
    in i_seq_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_seq_name);
    v_node  text := londiste._find_node(i_queue_name);
    v_seq   oid := londiste.find_seq_oid(v_name);
    v_info  record;
begin
    if v_node is null then
        ret_code := 400;
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_seq is null then
        ret_code := 400;
        ret_note := 'Sequence not found: ' || coalesce(v_name, 'null');
        return;
    end if;
    select s.local, s.last_value into v_info
      from londiste.seq_info s where s.queue_name = i_queue_name and s.seq_name = v_name for update;
    if not found and v_node <> 'root' then
        ret_code := 404;
        ret_note := 'Unknown sequence: ' || v_name;
        return;
    elsif v_info.local then
        ret_code := 201;
        ret_note := 'Sequence already added: ' || v_name;
        return;
    end if;

    if v_node = 'root' then
        insert into londiste.seq_info (queue_name, seq_name, local, last_value)
        values (i_queue_name, v_name, true, londiste._seq_value(v_seq))
        on conflict (queue_name, seq_name) do update set local = true;
        perform londiste._publish_seq(i_queue_name, v_name, 10000);
    else
        update londiste.seq_info s set local = true where s.queue_name = i_queue_name and s.seq_name = v_name;
        perform londiste._seq_forward(v_seq, v_info.last_value);
    end if;
    ret_code := 200;
    ret_note := 'Sequence added: ' || v_name;
end;
$$;
