-- pgq._consume_finish_batch(i_queue_id, i_batch_id)
--
-- What pgq.finish_batch does behind the gate.
--
-- Returns: int4, 1; 0 and a warning when no such batch of this queue is open
-- Writes: pgq.subscription
create or replace function pgq._consume_finish_batch(i_queue_id int4, i_batch_id bigint) returns int4
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    -- Found by its batch (+ 0): otherwise all versions of the queue's rows would be read.
    update pgq.subscription
       set sub_active = now(), sub_last_tick = sub_next_tick, sub_next_tick = null, sub_batch = null
     where sub_batch = i_batch_id and sub_queue + 0 = i_queue_id;
    if not found then
        raise warning 'finish_batch: batch % not found', i_batch_id;
        return 0;
    end if;
    return 1;
end;
$$;
