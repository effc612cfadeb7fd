-- pgtide.known_types(i_queue, i_table)
--
-- On the subscriber: pgtide.column_types of the provider's table, as they were when its events were last judged, or
-- otherwise when its copy began.
--
-- Returns: jsonb; null when they are not known yet
-- Writes: nothing
create or replace function pgtide.known_types(i_queue text, i_table text)
returns jsonb language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (select j.types from pgtide.judged_types j where j.queue_name = i_queue and j.table_name = i_table),
        (select c.types from pgtide.copy_chunk c where c.queue_name = i_queue and c.table_name = i_table and c.chunk_no = 0));
$$;
