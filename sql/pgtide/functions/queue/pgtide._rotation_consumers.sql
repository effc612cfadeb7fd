-- pgtide._rotation_consumers(i_queue)
--
-- On the provider: lists the consumers whose position keeps a queue from rotating. See pgtide.rotation_blockers.
--
-- Arguments: i_queue - the queue's row
-- Returns: kind (consumer, watermark, lost-tick), who, node, since, message, remedy, as pgtide.rotation_blockers; no rows
--          when no consumer is behind
-- Writes: nothing
--
-- A consumer is at fault if there is a tick that is past the last rotation and the consumer has not come that far, or if its
-- tick is gone. The global watermark follows the other consumers, so it is reported only if it alone is behind.
create or replace function pgtide._rotation_consumers(i_queue pgq.queue)
returns table (kind text, who text, node text, since timestamptz, message text, remedy text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with enough as (
        select min(t.tick_id) as tick from pgq.tick t
        where t.tick_queue = i_queue.queue_id and txid_snapshot_xmin(t.tick_snapshot) > i_queue.queue_switch_step2
    ), positions as (
        select c.co_name as name, s.sub_last_tick as tick, s.sub_active as seen, t.tick_time, t.tick_id is null as lost,
               n.subscriber_node as node, n.watermark_name = c.co_name or c.co_name = '.global_watermark' as watermark,
               coalesce(l.dead, false) as dead, i_queue.queue_name as queue
        from pgq.subscription s
        join pgq.consumer c on c.co_id = s.sub_consumer
        left join pgq.tick t on t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick
        left join pgq_node.subscriber_info n
            on n.queue_name = i_queue.queue_name and c.co_name in (n.worker_name, n.watermark_name)
        left join pgq_node.node_location l on l.queue_name = n.queue_name and l.node_name = n.subscriber_node
        where s.sub_queue = i_queue.queue_id and s.sub_last_tick is not null
    ), behind as (
        select p.*, count(*) filter (where p.name <> '.global_watermark') over () as others
        from positions p, enough e where p.lost or p.tick < e.tick
    )
    select case when b.lost then 'lost-tick' when b.watermark then 'watermark' else 'consumer' end, b.name, b.node,
           coalesce(b.tick_time, b.seen),
           case when b.lost then format('%s stands at tick %s, which is gone', b.name, b.tick)
                when b.dead then format('node %s is marked as dead and still registered', b.node)
                when b.node is not null and b.watermark then format('node %s may still need events since %s', b.node, b.tick_time)
                else format('%s has read up to %s, and was last seen %s', b.name, b.tick_time, b.seen) end,
           case when b.node is not null then
                    format('check that replay of %1$s and maintain run; if %1$s is gone for good:'
                           ' select * from pgq_node.unregister_subscriber(%2$L, %1$L)',
                           b.node, b.queue)
                when b.lost then format('select pgq.register_consumer_at(%L, %L, a tick that exists), or unregister it', b.queue, b.name)
                when b.name = '.global_watermark' then format('check that maintain runs: select * from pgq_node.maint_watermark(%L)', b.queue)
                else format('check that %1$s runs; if it is gone for good: select pgq.unregister_consumer(%2$L, %1$L)', b.name, b.queue) end
    from behind b
    where b.name <> '.global_watermark' or b.others = 0
    order by b.tick, b.name;
$$;
