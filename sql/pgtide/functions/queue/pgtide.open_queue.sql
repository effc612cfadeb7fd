-- pgtide.open_queue(i_queue)
--
-- On the provider: opens a queue. The role pgq_reader may then consume from it, pgq_writer may produce, pgq_admin may do
-- both and administrate it.
--
-- Returns: bool, true; false when it was open already
-- Writes: pgq.closed_queue; the queue's gates, and the access lists of its tables, sequences and gates
-- Errors: TD002 no such queue; TD003 this database is a node of the queue, or pgq is the real extension
--
-- A queue that nodes follow cannot be opened: a role that may write to it could write to every replica.
create or replace function pgtide.open_queue(i_queue text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue int := pgtide._lock_queue(i_queue);
begin
    if exists (select from pgq_node.node_info n where n.queue_name = i_queue) then
        raise exception 'queue "%" cannot be opened: this database is a node of it', i_queue using errcode = 'TD003',
            hint = 'Grant rights on it to single roles: pgtide.grant_queue.';
    end if;
    delete from pgq.closed_queue c where c.queue_id = v_queue;
    if not found then
        return false;
    end if;
    perform pgq.grant_perms(i_queue);
    return true;
end;
$$;
