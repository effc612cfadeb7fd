-- pgtide.rotation_blockers(i_queue)
--
-- On the provider: lists the obstacles that keep the event tables of a queue from rotating now, or will do so when rotation
-- is due.
--
-- Returns: one row for each obstacle, no rows when nothing is in the way:
--            kind            consumer     it has not read past the table that is to be emptied next
--                            watermark    a node, or one below it, may still need the events
--                            transaction  a transaction is older than the last rotation, so no tick is past it
--                            ticker       there is no tick since the last rotation
--                            lock         a session uses the table that is to be emptied
--                            unfinished   the second step of the last rotation has not run
--                            maintenance  nothing is in the way, and rotation is overdue
--                            lost-tick    a consumer stands at a tick that is gone
--                            epoch        transaction ids went back
--            who             the consumer, or a description of the session
--            node            the node that a consumer works for
--            since           when the position of the consumer, the transaction or the lock began; null if this role may not see it
--            due             when the tables are to rotate; until then nothing is lost
--            held_bytes      the size of the event tables and row tables on disk now
--            bytes_per_hour  by how much they have grown per hour since the last rotation
--            message         the obstacle
--            remedy          how to remove it
-- Writes: nothing
-- Errors: TD002 no such queue
create or replace function pgtide.rotation_blockers(i_queue text)
returns table (kind text, who text, node text, since timestamptz, due timestamptz, held_bytes bigint, bytes_per_hour bigint,
               message text, remedy text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue pgq.queue;
    v_blocker record;
begin
    select * into v_queue from pgq.queue q where q.queue_name = i_queue;
    if not found then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002';
    end if;
    -- The clock may have been set back since the last rotation.
    v_queue.queue_switch_time := least(v_queue.queue_switch_time, now());
    due := v_queue.queue_switch_time + v_queue.queue_rotation_period;
    held_bytes := pgtide._stored_bytes(v_queue.queue_id);
    bytes_per_hour := pgtide._stored_bytes(v_queue.queue_id, v_queue.queue_cur_table)
        / greatest(extract(epoch from now() - v_queue.queue_switch_time), 60) * 3600;

    for v_blocker in
        select * from pgtide._rotation_consumers(v_queue) union all select * from pgtide._rotation_sessions(v_queue)
    loop
        kind := v_blocker.kind;
        who := v_blocker.who;
        node := v_blocker.node;
        since := v_blocker.since;
        message := v_blocker.message;
        remedy := v_blocker.remedy;
        return next;
    end loop;
    if kind is null and due < now() - interval '10 minutes' then
        kind := 'maintenance';
        since := due;
        message := 'nothing is in the way, but the tables are not being rotated';
        remedy := 'check that the schedule of maintain is on, and what its last run logged';
        return next;
    end if;
end;
$$;
