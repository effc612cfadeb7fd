-- pgtide._captured_tables(i_queue) returns table (root, name)
--
-- The tables whose changes go into a queue from this database by our capture: those that are local to it in
-- londiste.table_info, are there, and have none of Londiste's row triggers for the queue.
create or replace function pgtide._captured_tables(i_queue text)
returns table (root oid, name text) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select o.root, t.table_name
    from londiste.table_info t
    join pgq_node.node_info n on n.queue_name = t.queue_name
    -- OFFSET keeps the look-up from being done once for each place where it is used.
    cross join lateral (select londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) as root offset 0) o
    where t.queue_name = i_queue and t.local and n.node_type in ('root', 'branch')
      and coalesce(t.table_attrs, '') !~ '(^|&)no_triggers=1(&|$)'
      and o.root is not null
      and not exists (select from pgtide._classic_triggers(i_queue, o.root))
    order by t.nr;
$$;
