-- pgq.finish_batch(x_batch_id)
--
-- Closes a batch: the consumer's position moves to the batch's end.
--
-- Returns: int4, 1; 0 and a warning when no such batch is open
-- Writes: pgq.subscription
-- Errors: TD009 no right to consume from its queue
create or replace function pgq.finish_batch(x_batch_id bigint) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := pgq._batch_queue(x_batch_id);
    v_result    int4;
begin
    if v_queue_id is null then
        raise warning 'finish_batch: batch % not found', x_batch_id;
        return 0;
    end if;
    execute format('select r.n from %s(''pgq.finish_batch'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[x_batch_id::text];
    return v_result;
end;
$$;
