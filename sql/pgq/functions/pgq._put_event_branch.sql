-- pgq._put_event_branch(i_queues)
--
-- The statements of pgq._put_event for these queues, halved by queue_id: a hundred queues take seven comparisons.
--
-- Arguments: i_queues - in order of queue_id
-- Returns: text; null for null (there are none)
-- Writes: nothing
create or replace function pgq._put_event_branch(i_queues pgq.queue[]) returns text
language plpgsql strict set search_path = pg_catalog, pg_temp as $$
declare
    v_half  int4 := cardinality(i_queues) / 2;
    v_text  text := '';
begin
    if v_half > 0 then
        return format(E'if i_queue_id < %s then\n%selse\n%send if;\n', i_queues[v_half + 1].queue_id,
            pgq._put_event_branch(i_queues[:v_half]), pgq._put_event_branch(i_queues[v_half + 1:]));
    end if;
    for i in 0 .. i_queues[1].queue_ntables - 1 loop
        v_text := v_text || format($insert$
if i_table = %1$L then
    i_id := coalesce(i_id, nextval(%2$L));
    insert into %3$s (ev_id, ev_time, ev_txid, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    values (i_id, i_time, i_txid, i_owner, i_retry, i_type, i_data,
        i_extra1, i_extra2, i_extra3, i_extra4);
    return i_id;
end if;
$insert$, i_queues[1].queue_data_pfx || '_' || i, i_queues[1].queue_event_seq,
            pgq.quote_fqname(i_queues[1].queue_data_pfx || '_' || i));
    end loop;
    return v_text;
end;
$$;
