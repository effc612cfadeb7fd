-- pgtide.close_queue(i_queue)
--
-- On the provider: closes a queue. The roles pgq_reader, pgq_writer and pgq_admin, which belong to the whole cluster, then
-- have no rights on it. Nor have roles that were given rights on all queues by hand.
--
-- Returns: bool, true; false when it was closed already
-- Writes: pgq.closed_queue; the queue's gates, and the access lists of its tables, sequences and gates
-- Errors: TD002 no such queue; TD003 pgq is the real extension
--
-- Its owner keeps its rights, and so do roles that have them by pgtide.grant_queue. Queues that nodes follow are always
-- closed.
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
