-- pgq._take_rights(i_queue_id, i_grantee), pgq._take_rights(i_queue_id, i_grantee, i_right)
--
-- Takes one right on a queue, or all of them, from a role.
--
-- Arguments: i_grantee - as SQL; i_right - as for pgq._give_right; null: all
-- Returns: nothing
-- Writes: access lists of the queue's tables, sequences and gates
create or replace function pgq._take_rights(i_queue_id int4, i_grantee text, i_right text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
    v_right text := case i_right when 'produce' then 'insert' when 'read' then 'select' else 'all' end;
    v_gate  text;
begin
    select q.queue_data_pfx, q.queue_ntables, q.queue_event_seq, q.queue_tick_seq into v_queue
      from pgq.queue q where q.queue_id = i_queue_id;
    foreach v_gate in array array['consume', 'admin'] loop
        if i_right is null or i_right = v_gate then
            execute format('revoke all on function pgq.%I(text, text[]) from %s',
                format('event_%s_%s', i_queue_id, v_gate), i_grantee);
        end if;
    end loop;
    if i_right is null or i_right in ('produce', 'read') then
        for i in 0 .. v_queue.queue_ntables - 1 loop
            execute format('revoke %s on table %s from %s', v_right,
                pgq.quote_fqname(v_queue.queue_data_pfx || '_' || i::text), i_grantee);
        end loop;
        execute format('revoke %s on table %s from %s', v_right,
            concat_ws(', ', pgq.quote_fqname(v_queue.queue_data_pfx), (select string_agg(r.name, ', ') from pgq._row_tables(i_queue_id, null, false) r)),
            i_grantee);
    end if;
    if i_right = 'produce' then
        execute format('revoke usage on sequence %s from %s', pgq.quote_fqname(v_queue.queue_event_seq), i_grantee);
    elsif i_right is null then
        execute format('revoke all on sequence %s, %s from %s', pgq.quote_fqname(v_queue.queue_event_seq),
            pgq.quote_fqname(v_queue.queue_tick_seq), i_grantee);
    end if;
end;
$$;

create or replace function pgq._take_rights(i_queue_id int4, i_grantee text) returns void
language sql set search_path = pg_catalog, pg_temp as $$
    select pgq._take_rights(i_queue_id, i_grantee, null);
$$;
