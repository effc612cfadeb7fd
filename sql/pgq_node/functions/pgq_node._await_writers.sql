-- pgq_node._await_writers(i_table)
--
-- Waits for transactions that may have seen inserts enabled and have not written their event yet: no lock on the event tables tells of them.
--
-- Arguments: i_table - the table above the queue's event tables
-- Returns: nothing
-- Writes: nothing
--
-- To be called after inserts were disabled and that was committed. Whoever makes an event takes a transaction id, then reads
-- pgq.queue, and keeps that lock until its end. So those who have both now, and no event table of this queue yet, are waited for:
-- until each has ended or has its event table, where a lock waits for it. Whoever reads pgq.queue later is refused.
-- PostgreSQL has no call to wait for a transaction without a lock of its own, so this looks again every 10 ms. It must hold no
-- locks of its own, for nobody would notice a deadlock.
create or replace function pgq_node._await_writers(i_table regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_waited_for text[];
begin
    loop
        select array_agg(q.virtualtransaction) into v_waited_for
          from pg_locks q
          join pg_locks x on x.virtualtransaction = q.virtualtransaction and x.locktype = 'transactionid' and x.mode = 'ExclusiveLock'
         where q.locktype = 'relation' and q.relation = 'pgq.queue'::regclass and q.granted
           and q.database = (select d.oid from pg_database d where d.datname = current_database())
           and q.pid <> pg_backend_pid()
           and (v_waited_for is null or q.virtualtransaction = any (v_waited_for))
           and not exists (select from pg_locks e
                           join pg_inherits i on i.inhrelid = e.relation
                          where e.virtualtransaction = q.virtualtransaction and e.locktype = 'relation' and e.granted
                            and e.mode = 'RowExclusiveLock' and i.inhparent = i_table);
        exit when v_waited_for is null;
        perform pg_sleep(0.01);
    end loop;
end;
$$;
