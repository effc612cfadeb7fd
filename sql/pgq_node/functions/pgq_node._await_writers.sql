-- pgq_node._await_writers()
--
-- Waits for the transactions that may have seen inserts enabled, and may still write an event: no lock on the event tables tells of those
-- that have not begun to.
--
-- Returns: nothing
-- Writes: nothing
--
-- To be called after inserts were disabled and that was committed. Whoever makes an event takes a transaction id, then reads
-- pgq.queue, or, in a capture, locks an event table or a row table and looks whether its plan still holds (pgtide.known_event_table), and keeps that
-- lock until its end. So those who have both now are waited for; whoever gets the lock later is refused. The transaction that
-- disabled inserts is waited for, too: its invalidations may not have been sent.
-- PostgreSQL has no call to wait for a transaction without a lock of its own, so this looks again every 10 ms. The caller must have no
-- transaction id and no locks, for a deadlock would not be detected.
create or replace function pgq_node._await_writers() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_waited_for text[];
    v_now        text[];
    v_processes  text;
begin
    loop
        select array_agg(q.virtualtransaction), string_agg(q.pid::text, ', ') into v_now, v_processes
          from pg_locks q
          join pg_locks x on x.virtualtransaction = q.virtualtransaction and x.locktype = 'transactionid' and x.mode = 'ExclusiveLock'
         where q.locktype = 'relation' and q.granted
           and (q.relation = 'pgq.queue'::regclass
                or q.mode = 'RowExclusiveLock'
                   and q.relation in (select i.inhrelid
                                        from pg_inherits i join pg_inherits t on t.inhrelid = i.inhparent
                                       where t.inhparent = 'pgq.event_template'::regclass
                                      union all
                                      select r.relation from pgq_node._row_tables(false) r))
           and q.database = (select d.oid from pg_database d where d.datname = current_database())
           and q.pid <> pg_backend_pid()
           and (v_waited_for is null or q.virtualtransaction = any (v_waited_for));
        exit when v_now is null;
        if v_waited_for is null then
            raise notice 'waiting for processes that may write events: %', v_processes;
        end if;
        v_waited_for := v_now;
        perform pg_sleep(0.01);
    end loop;
end;
$$;
