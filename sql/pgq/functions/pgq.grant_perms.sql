-- pgq.grant_perms(x_queue_name)
--
-- Gives a queue's tables, sequences and gates the rights that they are to have: those of pgq._open_rights and of
-- pgq.event_template; on a closed queue none of these. What was granted on the queue itself to other roles stays. Everybody may
-- read both sequences.
--
-- Returns: int4, always 1
-- Writes: access lists of the queue's tables, sequences and gates; the gates
-- Errors: TD002 no such queue
create or replace function pgq.grant_perms(x_queue_name text) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
    v_right record;
    v_table text;
begin
    select q.queue_id, q.queue_data_pfx, q.queue_ntables, q.queue_event_seq, q.queue_tick_seq into v_queue
      from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'Queue not found' using errcode = 'TD002', detail = 'queue: ' || coalesce(x_queue_name, 'null');
    end if;

    perform pgq._make_gates(v_queue.queue_id);
    perform pgq._take_rights(v_queue.queue_id, quote_ident(r.rolname))
       from pg_roles r where r.rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin');
    if not exists (select 1 from pgq.closed_queue c where c.queue_id = v_queue.queue_id) then
        v_table := substr(v_queue.queue_data_pfx, strpos(v_queue.queue_data_pfx, '.') + 1);
        perform pgq._grant_perms_from('pgq', 'event_template', 'pgq', v_table);
        for i in 0 .. v_queue.queue_ntables - 1 loop
            perform pgq._grant_perms_from('pgq', 'event_template', 'pgq', v_table || '_' || i::text);
        end loop;
        for v_right in select o.grantee, o.right_name from pgq._open_rights() o loop
            perform pgq._give_right(v_queue.queue_id, v_right.grantee, v_right.right_name);
        end loop;
    end if;
    execute format('grant select on sequence %s, %s to public', pgq.quote_fqname(v_queue.queue_event_seq),
        pgq.quote_fqname(v_queue.queue_tick_seq));
    return 1;
end;
$$;
