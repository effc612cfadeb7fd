-- pgtide._settle_copies(i_queue, i_tick_snapshot)
--
-- On the subscriber, in replay's transaction: moves tables in copy on, as far as the position that replay is about to commit
-- allows.
--
-- Arguments: i_tick_snapshot - of the tick at that position
-- Returns: int, the number of tables that became consistent; 0 when none did
-- Writes: pgtide.table_state; londiste.table_info
--
--   copying -> catching-up      all chunks are copied
--   catching-up -> restoring    nothing is parked, and the position has passed the snapshot of every chunk: the table is as it
--                               was on the provider at that tick. Its events are parked from here on, while copy builds indexes.
--   catching-up -> ok           the same, when nothing has to be built
-- Only replay calls it, because only replay knows the position.
create or replace function pgtide._settle_copies(i_queue text, i_tick_snapshot txid_snapshot)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
    v_build bool;
    v_settled int := 0;
begin
    for v_table in
        select t.table_name, t.phase,
               not exists (select from pgtide.parked_event p where p.queue_name = i_queue and p.table_name = t.table_name)
               and not exists (select from pgtide.copy_chunk c where c.queue_name = i_queue and c.table_name = t.table_name
                               and not coalesce(pgtide._snapshot_covers(i_tick_snapshot, c.snapshot), false)) as consistent
        from pgtide.table_state t
        where t.queue_name = i_queue and t.phase in ('copying', 'catching-up') and t.error is null
          -- The states are those that this transaction has judged: a chunk that was copied meanwhile may still have parked events.
          and not exists (select from pg_temp.pgtide_chunks c where c.table_name = t.table_name and c.state <> 'copied')
          and exists (select from pg_temp.pgtide_chunks c where c.table_name = t.table_name)
    loop
        if v_table.consistent then
            v_build := exists (select from pgtide.saved_ddl d where d.queue_name = i_queue and d.table_name = v_table.table_name
                               and d.kind in ('constraint', 'index'));
            update pgtide.table_state set phase = case when v_build then 'restoring' else 'ok' end
            where queue_name = i_queue and table_name = v_table.table_name;
            perform londiste.local_set_table_state(i_queue, v_table.table_name, null, case when v_build then 'catching-up' else 'ok' end);
            v_settled := v_settled + 1;
        elsif v_table.phase = 'copying' then
            update pgtide.table_state set phase = 'catching-up' where queue_name = i_queue and table_name = v_table.table_name;
            perform londiste.local_set_table_state(i_queue, v_table.table_name, null, 'catching-up');
        end if;
    end loop;
    return v_settled;
end;
$$;
