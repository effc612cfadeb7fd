-- pgtide.open_queue(i_queue) returns bool
--
-- Opens a queue: pgq_reader may consume from it, pgq_writer may produce, pgq_admin both, and may administrate it. A queue that
-- nodes follow cannot be opened: who may write there could write every replica.
-- Returns false when it was open already. Writes pgq.closed_queue, and access lists.
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
