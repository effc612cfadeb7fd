-- pgtide.close_queue(i_queue) returns bool
--
-- Closes a queue: the roles pgq_reader, pgq_writer and pgq_admin, which belong to the whole cluster, have no rights on it any
-- more, nor has whoever was given rights on all queues by hand. Its owner has, and whoever is granted them by
-- pgtide.grant_queue. Queues that nodes follow are always closed.
-- Returns false when it was closed already. Writes pgq.closed_queue, and access lists.
create or replace function pgtide.close_queue(i_queue text)
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
    return pgq._close_queue(v_queue);
end;
$$;
