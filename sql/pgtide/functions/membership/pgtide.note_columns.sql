-- pgtide.note_columns(i_queue, i_table) returns void
--
-- On the subscriber: notes which columns a table has just now, when its rows are made, or said to be, equal to the provider's.
-- See pgtide.column_fills. Writes pgtide.copied_columns.
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
