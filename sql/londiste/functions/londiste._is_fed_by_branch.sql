-- londiste._is_fed_by_branch(i_queue_name)
--
-- Whether this node is a leaf that gets its rows through the branch of a combined queue: then it copies no tables itself.
--
-- Returns: boolean, never null
-- Writes: nothing
create or replace function londiste._is_fed_by_branch(i_queue_name text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (select from pgq_node.node_info n
                     join pgq_node.node_info c on c.queue_name = n.combined_queue
                    where n.queue_name = i_queue_name and n.node_type = 'leaf' and c.node_type = 'branch');
$$;
