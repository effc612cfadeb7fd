-- pgtide._captured_tables(i_queue)
--
-- Lists the tables whose changes go into a queue from this database by the capture of pgtide. They are those of
-- londiste.table_info on a root or branch that are local to the queue and without the attribute no_triggers=1, that exist, and
-- that have none of Londiste's row triggers for the queue.
--
-- Returns: table (root, name), in the order in which they were added
-- Writes: nothing
create or replace function pgtide._captured_tables(i_queue text)
returns table (root oid, name text) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select o.root, t.table_name
    from londiste.table_info t
    join pgq_node.node_info n on n.queue_name = t.queue_name
    -- OFFSET keeps the look-up from being repeated in each place that uses it.
    cross join lateral (select londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) as root offset 0) o
    where t.queue_name = i_queue and t.local and n.node_type in ('root', 'branch')
      and coalesce(t.table_attrs, '') !~ '(^|&)no_triggers=1(&|$)'
      and o.root is not null
      and not exists (select from pgtide._classic_triggers(i_queue, o.root))
    order by t.nr;
$$;
