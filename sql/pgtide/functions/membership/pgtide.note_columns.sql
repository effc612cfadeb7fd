-- pgtide.note_columns(i_queue, i_table)
--
-- On the subscriber: notes which columns a table has now, when its rows have been made equal to the provider's, or are declared
-- to be. See pgtide.column_fills.
--
-- Returns: nothing
-- Writes: pgtide.copied_columns; nothing if the table is not local to the queue here
create or replace function pgtide.note_columns(i_queue text, i_table text)
returns void language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    insert into pgtide.copied_columns as n (queue_name, table_name, relation, columns)
    select t.queue_name, t.table_name, a.attrelid, max(a.attnum)
    from londiste.table_info t
    join pg_attribute a on a.attrelid = londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) and a.attnum > 0
    where t.queue_name = i_queue and t.table_name = i_table and t.local
    group by t.queue_name, t.table_name, a.attrelid
    on conflict (queue_name, table_name) do update set relation = excluded.relation, columns = excluded.columns;
$$;
