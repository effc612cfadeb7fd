-- pgtide.note_copied_types(i_queue, i_table, i_types) returns void
--
-- On the subscriber: notes the provider's columns (pgtide.column_types) with a table's first chunk. Its transaction has that row.
create or replace function pgtide.note_copied_types(i_queue text, i_table text, i_types jsonb)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    update pgtide.copy_chunk set types = i_types where queue_name = i_queue and table_name = i_table and chunk_no = 0;
$$;
