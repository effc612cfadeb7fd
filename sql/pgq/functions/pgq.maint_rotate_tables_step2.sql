-- pgq.maint_rotate_tables_step2()
--
-- Ends the rotations that step 1 began. Must run in a later transaction than step 1 (see there).
--
-- Returns: int4, always 0
-- Writes: pgq.queue
--
-- A commit is first seen, then told to other sessions (which then plan anew), and then its locks go. Only when the id of step 1's
-- transaction is locked no more have all been told, and this takes its own id after that.
create or replace function pgq.maint_rotate_tables_step2() returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_told int4[];
begin
    select array_agg(q.queue_id) into v_told
      from pgq.queue q
     where q.queue_switch_step2 is null
       and not exists (select from pg_locks l
                        where l.locktype = 'transactionid' and l.transactionid::text::bigint = q.queue_switch_step1 & 4294967295);
    update pgq.queue
       set queue_switch_step2 = txid_current()
     where queue_id in (select q.queue_id from pgq.queue q
                         where q.queue_id = any (v_told) and q.queue_switch_step2 is null
                           for no key update skip locked);
    return 0;
end;
$$;
