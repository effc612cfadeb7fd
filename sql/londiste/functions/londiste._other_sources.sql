-- londiste._other_sources(i_queue_name, i_dest_table)
--
-- The rows of londiste.table_info by which other queues could feed, or feed, the same table of this node. Queues are looked at that are
-- merged into the same combined queue, or into none, as this one; not those whose root is here: nothing else feeds their tables.
--
-- Arguments: i_dest_table - the table's name on this node
-- Returns: setof londiste.table_info, by queue; none when there are none
-- Writes: nothing
create or replace function londiste._other_sources(i_queue_name text, i_dest_table text) returns setof londiste.table_info
language sql stable set search_path = pg_catalog, pg_temp as $$
    select t.*
      from pgq_node.node_info n
      join pgq_node.node_info o on o.combined_queue is not distinct from n.combined_queue and o.queue_name <> n.queue_name and o.node_type <> 'root'
      join londiste.table_info t on t.queue_name = o.queue_name and coalesce(t.dest_table, t.table_name) = i_dest_table
     where n.queue_name = i_queue_name
     order by t.queue_name;
$$;
