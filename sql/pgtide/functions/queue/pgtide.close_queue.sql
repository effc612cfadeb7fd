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
    v_queue int := pgtide._lock_queue(i_queue);
begin
    return pgq._close_queue(v_queue);
end;
$$;
