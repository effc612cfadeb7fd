-- pgq_coop.finish_batch(i_batch_id)
--
-- Closes a batch of a member. The main consumer's position is past it already.
--
-- Returns: int4, 1; 0 and a warning when no such batch is open
-- Writes: pgq.subscription
-- Errors: TD009 no right to consume from its queue
create or replace function pgq_coop.finish_batch(i_batch_id bigint) returns int4
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_queue_id  int4 := (select s.sub_queue from pgq.subscription s where s.sub_batch = i_batch_id);
    v_result    int4;
begin
    if v_queue_id is null then
        raise warning 'coop_finish_batch: batch % not found', i_batch_id;
        return 0;
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        return pgq_coop._consume_finish_batch(v_queue_id, i_batch_id);
    end if;
    execute format('select r.n from %s(''pgq_coop.finish_batch'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[i_batch_id::text];
    return v_result;
end;
$$;
