-- pgtide.copy_columns(i_queue, i_table)
--
-- On the subscriber: lists the columns of a replicated table.
--
-- Returns: columns, those that can be written; generated, those that the table generates itself; no row when the table is
--          not there
-- Writes: nothing
create or replace function pgtide.copy_columns(i_queue text, i_table text)
returns table (columns text[], generated text[]) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and pgtide.column_generated(a.attrelid, a.attnum) = ''
        order by a.attnum), array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and pgtide.column_generated(a.attrelid, a.attnum) <> '')
    from (select londiste.find_table_oid(coalesce(i.dest_table, i.table_name)) as oid
          from londiste.table_info i where i.queue_name = i_queue and i.table_name = i_table) t
    where t.oid is not null;
$$;
