-- londiste._publish_seq(i_queue_name, i_seq_name, i_buffer)
--
-- Publishes a sequence of the root if it has come near its last published value. One that counts down, or is not there, is passed over.
--
-- Arguments: i_buffer - in steps of the sequence
-- Returns: boolean, true when it was published
-- Writes: londiste.seq_info, an event londiste.update-seq
create or replace function londiste._publish_seq(i_queue_name text, i_seq_name text, i_buffer int8) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_seq   record;
    v_real  int8;
    v_new   int8;
begin
    select s.last_value, q.seqrelid, q.seqincrement, q.seqmax into v_seq
      from londiste.seq_info s
      join pg_sequence q on q.seqrelid = londiste.find_seq_oid(s.seq_name)
     where s.queue_name = i_queue_name and s.seq_name = i_seq_name and s.local and q.seqincrement > 0
       for update of s;
    if not found then
        return false;
    end if;
    v_real := londiste._seq_value(v_seq.seqrelid);
    if v_real::numeric + i_buffer::numeric * v_seq.seqincrement < v_seq.last_value then
        return false;
    end if;
    v_new := least(v_real::numeric + 3::numeric * i_buffer * v_seq.seqincrement, v_seq.seqmax);
    if v_new <= v_seq.last_value then
        return false;
    end if;
    update londiste.seq_info s set last_value = v_new where s.queue_name = i_queue_name and s.seq_name = i_seq_name;
    perform pgq.insert_event(i_queue_name, 'londiste.update-seq', v_new::text, i_seq_name, null, null, null);
    return true;
end;
$$;
