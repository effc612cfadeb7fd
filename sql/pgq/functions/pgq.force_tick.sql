-- pgq.force_tick(i_queue_name)
--
-- Makes the next pgq.ticker() tick at once, by advancing the event sequence. Call it in a loop until the returned id
-- changes. Does nothing for a queue with an external or paused ticker.
--
-- Returns: bigint, the last tick there is (not a new one); null for an unknown queue
-- Writes: the queue's event sequence
-- Errors: TD009 no right to consume from the queue
create or replace function pgq.force_tick(i_queue_name text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
    v_result    bigint;
begin
    if v_queue_id is null then
        return null;
    end if;
    execute format('select r.n from %s(''pgq.force_tick'', $1) as r(n bigint)', pgq._gate(v_queue_id, 'consume'))
       into v_result using '{}'::text[];
    return v_result;
end;
$$;
