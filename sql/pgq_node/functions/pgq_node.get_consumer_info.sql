-- pgq_node.get_consumer_info(i_queue_name)
--
-- The consumers that run on this node.
--
-- Arguments: cur_error - null for a caller without the right to read it
-- Returns: setof (consumer_name, provider_node, last_tick_id, paused, uptodate, cur_error), by name; none for an unknown queue
-- Writes: nothing
create or replace function pgq_node.get_consumer_info(
    in i_queue_name text,
    out consumer_name text,
    out provider_node text,
    out last_tick_id bigint,
    out paused boolean,
    out uptodate boolean,
    out cur_error text
) returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.consumer_name, s.provider_node, s.last_tick_id, s.paused, s.uptodate, case when pgq_node._may_read_errors() then s.cur_error end
      from pgq_node.local_state s where s.queue_name = i_queue_name order by s.consumer_name;
$$;
