-- pgtide.dead_letter_put(i_batch, i_event, i_reason) returns int
--
-- Gives an event of the open batch up at once; for those who may consume from its queue. Returns 1, or 0 when it is a dead
-- letter of this consumer already.
-- Writes pgtide.dead_letter.
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
