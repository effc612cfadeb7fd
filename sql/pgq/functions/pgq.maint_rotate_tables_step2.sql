-- pgq.maint_rotate_tables_step2()
--
-- Ends the rotations that step 1 began. Must run in a later transaction than step 1 (see there).
--
-- Returns: int4, always 0
-- Writes: pgq.queue
--
-- A commit first becomes visible, then sends invalidations to other sessions (which then replan), and then releases its locks. So the
-- invalidations of step 1 have been sent once the lock on its transaction's id is released. This takes its own id after that.
create or replace function pgq.maint_rotate_tables_step2() returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_committed int4[];
begin
    select array_agg(q.queue_id) into v_committed
      from pgq.queue q
     where q.queue_switch_step2 is null
       and not exists (select from pg_locks l
                        where l.locktype = 'transactionid' and l.transactionid::text::bigint = q.queue_switch_step1 & 4294967295);
    update pgq.queue
       set queue_switch_step2 = txid_current()
     where queue_id in (select q.queue_id from pgq.queue q
                         where q.queue_id = any (v_committed) and q.queue_switch_step2 is null
                           for no key update skip locked);
    return 0;
end;
$$;
