-- pgq._give_right(i_queue_id, i_grantee, i_right)
--
-- Gives a right on one queue. Producing is inserting into its event tables, reading is selecting from them; consuming and
-- administrating are the right to execute its gates (see pgq._gate).
--
-- Arguments: i_grantee - as SQL; i_right - produce, read, consume, admin
-- Returns: nothing
-- Writes: access lists of the queue's tables, sequences and gates
create or replace function pgq._give_right(i_queue_id int4, i_grantee text, i_right text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
begin
    select q.queue_data_pfx, q.queue_ntables, q.queue_event_seq into v_queue from pgq.queue q where q.queue_id = i_queue_id;
    if i_right in ('consume', 'admin') then
        execute format('grant execute on function pgq.%I(text, text[]) to %s',
            format('event_%s_%s', i_queue_id, i_right), i_grantee);
        return;
    end if;
    for i in 0 .. v_queue.queue_ntables - 1 loop
        execute format('grant %s on table %s to %s', case i_right when 'produce' then 'insert' else 'select' end,
            pgq.quote_fqname(v_queue.queue_data_pfx || '_' || i::text), i_grantee);
    end loop;
    if i_right = 'produce' then
        execute format('grant usage on sequence %s to %s', pgq.quote_fqname(v_queue.queue_event_seq), i_grantee);
    else
        execute format('grant select on table %s to %s',
            concat_ws(', ', pgq.quote_fqname(v_queue.queue_data_pfx), (select string_agg(r.name, ', ') from pgq._row_tables(i_queue_id, null, false) r)),
            i_grantee);
    end if;
end;
$$;
