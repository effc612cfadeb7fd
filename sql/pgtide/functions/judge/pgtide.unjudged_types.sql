-- pgtide.unjudged_types(i_queue)
--
-- On the subscriber: lists the staged tables of which it is not known whether their columns here keep the values of the
-- events.
--
-- Returns: no rows when all are judged; otherwise for each table its name and
--            tags   the tags of its staged events that are not judged; null among them: an event without a tag
--            mark   a digest of the table's columns here, which changes with each change of one
--            types  pgtide.column_types of the table here
--            known  pgtide.known_types: the provider's columns as they were
-- Writes: nothing
--
-- A judgement is remembered by the events' tag and the mark of the table here (pgtide.judged_types). Events without a tag of
-- pgtide's capture do not say with which types they were written, and are judged each time.
create or replace function pgtide.unjudged_types(i_queue text)
returns table (table_name text, tags text[], mark text, types jsonb, known jsonb) language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select u.table_name, u.tags, u.mark, pgtide.column_types(u.oid), pgtide.known_types(i_queue, u.table_name)
    from (select k.table_name, h.oid, m.mark, array_agg(distinct k.tag) as tags
          from pg_temp.pgtide_kinds k
          join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name
          cross join lateral londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) h (oid)
          cross join lateral (select pgtide._columns_mark(h.oid) as mark) m
          where k.op <> 'T' and h.oid is not null
            and not exists (select from pgtide.judged_types j
                            where j.queue_name = i_queue and j.table_name = k.table_name and k.tag = any (j.tags) and j.mark = m.mark)
          group by 1, 2, 3) u;
$$;
