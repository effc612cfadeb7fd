-- pgtide.copy_target(i_queue, i_table) returns (target, columns, generated)
--
-- On the subscriber: where the rows of a replicated table go (quoted), and the columns that can be written; generated
-- ones cannot. No row when the table is not there.
create or replace function pgtide.copy_target(i_queue text, i_table text)
returns table (target text, columns text[], generated text[]) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select t.oid::regclass::text, array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and coalesce(to_jsonb(a)->>'attgenerated', '') = ''
        order by a.attnum), array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and coalesce(to_jsonb(a)->>'attgenerated', '') <> '')
    from (select londiste.find_table_oid(coalesce(i.dest_table, i.table_name)) as oid
          from londiste.table_info i where i.queue_name = i_queue and i.table_name = i_table) t
    where t.oid is not null;
$$;
