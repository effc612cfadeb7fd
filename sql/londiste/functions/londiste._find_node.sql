-- londiste._find_node(i_queue_name)
--
-- What this database is for a queue.
--
-- Returns: text, root, branch or leaf; null when it is not a node of that queue
-- Writes: nothing
create or replace function londiste._find_node(i_queue_name text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select n.node_type from pgq_node.node_info n where n.queue_name = i_queue_name;
$$;
