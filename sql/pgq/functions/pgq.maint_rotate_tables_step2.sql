-- pgq.maint_rotate_tables_step2()
--
-- Ends the rotations that step 1 began. Must run in a later transaction than step 1 (see there).
--
-- Returns: int4, always 0
-- Writes: pgq.queue
create or replace function pgq.maint_rotate_tables_step2() returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq.queue
       set queue_switch_step2 = txid_current()
     where queue_id in (select q.queue_id from pgq.queue q
                         where q.queue_switch_step2 is null and q.queue_switch_step1 <> txid_current()
                           for no key update skip locked);
    return 0;
end;
$$;
