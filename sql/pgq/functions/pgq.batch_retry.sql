-- pgq.batch_retry(i_batch_id, i_retry_seconds)
--
-- Asks for all events of the open batch once more, later.
--
-- Returns: int4, how many events were put aside; 0 when the batch is empty, or all of them wait already
-- Writes: pgq.retry_queue
-- Errors: TD002 batch not found; TD009 no right to consume from its queue
--
-- Never by reading all of pgq.subscription: beside an old transaction it is full of dead versions.
create or replace function pgq.batch_retry(i_batch_id bigint, i_retry_seconds integer) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := pgq._batch_queue(i_batch_id);
    v_result    int4;
begin
    if v_queue_id is null then
        raise exception 'batch_retry: batch % not found', i_batch_id using errcode = 'TD002';
    end if;
    execute format('select r.n from %s(''pgq.batch_retry'', $1) as r(n int4)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[i_batch_id::text, i_retry_seconds::text];
    return v_result;
end;
$$;
