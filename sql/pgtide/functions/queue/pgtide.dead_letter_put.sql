-- pgtide.dead_letter_put(i_batch, i_event, i_reason)
--
-- On the provider: makes an event of the open batch a dead letter at once, without retries. For roles that may consume from
-- its queue.
--
-- Arguments: i_reason - any text, kept with the dead letter
-- Returns: int, 1; 0 when the event is a dead letter of this consumer already
-- Writes: pgtide.dead_letter
-- Errors: TD002 batch not found, event not found; TD009 no right to consume from the queue
create or replace function pgtide.dead_letter_put(i_batch bigint, i_event bigint, i_reason text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_queue int := (select s.sub_queue from pgq.subscription s where s.sub_batch = i_batch);
    v_result int;
begin
    if v_queue is null then
        raise exception 'batch not found' using errcode = 'TD002', detail = format('batch: %s', i_batch);
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        return pgtide._consume_dead_letter_put(v_queue, i_batch, i_event, i_reason);
    end if;
    execute format('select r.n from %s(''pgtide.dead_letter_put'', $1) as r(n int)',
        pgq._gate(v_queue, 'consume'))
    into v_result using array[i_batch::text, i_event::text, i_reason];
    return v_result;
end;
$$;
