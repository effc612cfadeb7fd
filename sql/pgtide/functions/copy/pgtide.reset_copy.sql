-- pgtide.reset_copy(i_queue, i_table)
--
-- On the subscriber: starts the copy of a table over. Its chunks, parked events and error are deleted, and the next run of
-- copy plans it again.
--
-- Returns: bool, true; false when the table is not one of this node's
-- Writes: londiste.table_info; pgtide.table_state, pgtide.judged_types, pgtide.copy_chunk, pgtide.parked_event,
--         pgtide.table_stats
-- Errors: as pgtide.lock_structure
--
-- The next copy empties the table, also one that was added to keep its rows: with a copy on top of these it would never be
-- equal. A chunk that is being copied just now finds another generation, and rolls back. This waits for a replay under way,
-- which has judged events by the rows that are deleted here. Indexes and foreign keys that an earlier copy took off stay
-- saved.
create or replace function pgtide.reset_copy(i_queue text, i_table text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from pgtide.replay_state r where r.queue_name = i_queue for update;
    perform pgtide.lock_structure(i_queue);
    perform from londiste.table_info t where t.queue_name = i_queue and t.table_name = i_table and t.local for update;
    if not found then
        return false;
    end if;
    update londiste.table_info t
    set table_attrs = nullif(array_to_string(array_remove(string_to_array(t.table_attrs, '&'), 'skip_truncate=1'), '&'), '')
    where t.queue_name = i_queue and t.table_name = i_table and t.table_attrs like '%skip_truncate=1%';
    insert into pgtide.table_state as s (queue_name, table_name, generation) values (i_queue, i_table, 1)
    on conflict (queue_name, table_name) do update
    set generation = s.generation + 1, phase = null, error = null, error_time = null;
    delete from pgtide.judged_types where queue_name = i_queue and table_name = i_table;
    delete from pgtide.copy_chunk where queue_name = i_queue and table_name = i_table;
    delete from pgtide.parked_event where queue_name = i_queue and table_name = i_table;
    delete from pgtide.table_stats where queue_name = i_queue and table_name = i_table;
    perform londiste.local_set_table_state(i_queue, i_table, null, null);
    return true;
end;
$$;
