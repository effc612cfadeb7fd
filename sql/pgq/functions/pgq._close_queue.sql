-- pgq._close_queue(i_queue_id)
--
-- Closes a queue: whoever has rights on all queues (see pgq._open_rights) has none on this one any more. What was granted on
-- this queue to other roles stays.
--
-- Returns: boolean, false when it was closed already
-- Writes: pgq.closed_queue; access lists of the queue's tables, sequences and gates
create or replace function pgq._close_queue(i_queue_id int4) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name      text;
    v_grantee   text;
begin
    select q.queue_name into v_name from pgq.queue q where q.queue_id = i_queue_id for no key update;
    insert into pgq.closed_queue (queue_id) values (i_queue_id) on conflict do nothing;
    if not found then
        return false;
    end if;
    perform pgq._make_gates(i_queue_id);
    for v_grantee in select distinct o.grantee from pgq._open_rights() o loop
        perform pgq._take_rights(i_queue_id, v_grantee);
    end loop;
    perform pgq.grant_perms(v_name);
    return true;
end;
$$;
