-- pgtide.event_form(i_queue, i_table)
--
-- The form in which the capture writes the changes of a table into a queue.
--
-- Arguments: i_table - the table's name in the queue
-- Returns: text, json, as pgq.jsontriga writes, or url, as pgq.logutriga
-- Writes: nothing
--
-- Londiste's default handler reads both, its bulk and dispatch handlers and functions written for them only url. So tables that
-- Londiste adds are written as url, and tables that pgtide adds as json. A table of the form url has a primary key and no
-- partitions.
create or replace function pgtide.event_form(i_queue text, i_table text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when exists (select from pgtide.url_form f where f.queue_name = i_queue and f.table_name = i_table)
        then 'url' else 'json' end;
$$;
