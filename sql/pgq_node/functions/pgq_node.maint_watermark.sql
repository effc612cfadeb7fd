-- pgq_node.maint_watermark(i_queue_name)
--
-- Moves the global watermark of a root that has not moved for five minutes. Called by maintenance.
--
-- Returns: int4, always 0, also when it is not yet time
-- Writes: as pgq_node.set_global_watermark
create or replace function pgq_node.maint_watermark(i_queue_name text) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_lag interval;
begin
    select c.lag into v_lag
      from pgq_node.node_info n
     cross join pgq.get_consumer_info(n.queue_name, '.global_watermark') c
     where n.queue_name = i_queue_name and n.node_type = 'root';
    -- Below 0 the clock was set back, and the lag is unknown.
    if v_lag >= interval '5 minutes' or v_lag < '0' then
        perform pgq_node.set_global_watermark(i_queue_name, null);
    end if;
    return 0;
end;
$$;
