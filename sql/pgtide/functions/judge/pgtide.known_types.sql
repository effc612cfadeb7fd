-- pgtide.known_types(i_queue, i_table) returns jsonb
--
-- On the subscriber: pgtide.column_types of the provider's table, as they were when its events were judged last, or else when its copy
-- began. NULL: not known yet.
create or replace function pgtide.known_types(i_queue text, i_table text)
returns jsonb language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (select j.types from pgtide.judged_types j where j.queue_name = i_queue and j.table_name = i_table),
        (select c.types from pgtide.copy_chunk c where c.queue_name = i_queue and c.table_name = i_table and c.chunk_no = 0));
$$;
