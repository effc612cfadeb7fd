-- pgtide.copy_columns(i_queue, i_table) returns (columns, generated)
--
-- On the subscriber: the columns of a replicated table that can be written, and those that it generates itself. No row when the table is
-- not there.
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
