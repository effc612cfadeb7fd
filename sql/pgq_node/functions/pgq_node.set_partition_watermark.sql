-- pgq_node.set_partition_watermark(i_combined_queue_name, i_part_queue_name, i_watermark)
--
-- Moves a leaf that is merged into a combined queue, on a branch of that queue. Such a leaf gets its rows through the combined
-- queue, which tells it how far they have come.
--
-- Arguments: i_part_queue_name - the leaf's own queue; i_watermark - a tick of it, from an event pgq.tick-id
-- Returns: ret_code, ret_note: 200; 201 there is no such leaf here, or the combined queue's node is not a branch; 401 the leaf's worker
--          has no position
-- Writes: pgq_node.local_state
-- Errors: TD001 the watermark is null
create or replace function pgq_node.set_partition_watermark(
    in i_combined_queue_name text,
    in i_part_queue_name text,
    in i_watermark bigint,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_worker text;
begin
    if i_watermark is null then
        raise exception 'watermark must not be NULL' using errcode = 'TD001';
    end if;
    select p.worker_name into v_worker
      from pgq_node.node_info p
      join pgq_node.node_info c on c.queue_name = p.combined_queue
     where p.queue_name = i_part_queue_name and p.node_type = 'leaf'
       and c.queue_name = i_combined_queue_name and c.node_type = 'branch';
    if not found then
        ret_code := 201;
        ret_note := 'Part-queue does not exist';
        return;
    end if;
    update pgq_node.local_state s set last_tick_id = i_watermark
     where s.queue_name = i_part_queue_name and s.consumer_name = v_worker;
    ret_code := case when found then 200 else 401 end;
    ret_note := case when found then 'Ok' else 'Worker registration not found' end;
end;
$$;
