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
    v_queue int;
begin
    if to_regclass('pgq.closed_queue') is null then
        raise exception 'the real extension pgq has no rights by queue' using errcode = 'TD003',
            hint = 'There the rights are those of pgq_reader, pgq_writer and pgq_admin on all queues.';
    end if;
    select q.queue_id into v_queue from pgq.queue q where q.queue_name = i_queue for no key update;
    if not found then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002',
            hint = 'select queue_name from pgq.queue';
    end if;
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
