-- pgtide._lock_queue(i_queue)
--
-- Locks the row in pgq.queue of a queue whose rights are about to change.
--
-- Returns: int, the id of the queue
-- Writes: nothing
-- Errors: TD002 no such queue; TD003 pgq is the real extension, which has no rights by queue
create or replace function pgtide._lock_queue(i_queue text)
returns int language plpgsql
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
    return v_queue;
end;
$$;
