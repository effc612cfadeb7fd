-- londiste.local_remove_table(i_queue_name, i_table_name)
--
-- Ends a table's part in the queue on this node: its triggers go, its rows stay. Sequences that its columns own go too.
-- What was dropped for an unfinished copy is restored, on the emptied table. On the root the table leaves the queue.
--
-- Not under a search_path of its own: Londiste stores definitions as they read under its session's (pgtide.run_stored_ddl).
--
-- Returns: ret_code, ret_note: 200; 400 unknown queue, unknown table, or it is not local
-- Writes: londiste.table_info, londiste.seq_info, triggers on the table; on the root an event londiste.remove-table
create or replace function londiste.local_remove_table(
    in i_queue_name text,
    in i_table_name text,
    out ret_code int4,
    out ret_note text
) returns record
language sql as $$
    select r.ret_code, r.ret_note
      from londiste._remove_local_table(i_queue_name, i_table_name, pg_catalog.current_setting('search_path')) r;
$$;
