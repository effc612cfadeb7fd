-- pgtide.pending_restores(i_queue)
--
-- On the subscriber: lists the objects of pgtide.saved_ddl that can be put back now.
--
-- Returns: table_name, kind (constraint, index, foreign key), object_name, foreign keys last; no rows when there is nothing
--          to do
-- Writes: nothing
--
-- These are indexes and constraints of tables that are consistent and wait for them (phase restoring), are ok, or have left;
-- and foreign keys whose tables are both ok (a table that is not replicated here always is), unless a batch is applied in
-- part. An object that failed is listed again after 10 minutes.
create or replace function pgtide.pending_restores(i_queue text)
returns table (table_name text, kind text, object_name text) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select d.table_name, d.kind, d.object_name
    from pgtide.saved_ddl d
    where d.queue_name = i_queue and (d.error is null or d.tried_at not between now() - interval '10 minutes' and clock_timestamp())
      and (d.kind in ('constraint', 'index') and exists (
               select from pgtide.table_state t
               where t.queue_name = d.queue_name and t.table_name = d.table_name and t.phase in ('restoring', 'ok'))
           or d.kind in ('constraint', 'index') and not exists (
               select from londiste.table_info t where t.queue_name = d.queue_name and t.table_name = d.table_name and t.local)
           or d.kind = 'foreign key' and not exists (
               select from londiste.table_info t
               where t.table_name in (d.table_name, d.other_table) and t.local and coalesce(t.merge_state, '') <> 'ok')
           and not exists (select from pgtide.replay_state r where r.queue_name = d.queue_name and r.slice_tick is not null))
    order by d.kind = 'foreign key', d.table_name, d.kind, d.saved_at;
$$;
