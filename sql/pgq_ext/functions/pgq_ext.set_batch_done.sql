-- pgq_ext.set_batch_done(a_consumer, [a_subconsumer,] a_batch_id)
--
-- Notes that the consumer has done a batch, in the transaction that does it. Of two runs that do the same batch at once
-- the second waits here, and gets false.
--
-- Returns: boolean, false when the batch was done already
-- Writes: pgq_ext.completed_batch
create or replace function pgq_ext.set_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into pgq_ext.completed_batch as c (consumer_id, subconsumer_id, last_batch_id)
    values (a_consumer, a_subconsumer, a_batch_id)
    on conflict (consumer_id, subconsumer_id) do update
       set last_batch_id = excluded.last_batch_id where c.last_batch_id <> excluded.last_batch_id;
    return found;
end;
$$;

create or replace function pgq_ext.set_batch_done(a_consumer text, a_batch_id bigint) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select pgq_ext.set_batch_done(a_consumer, '', a_batch_id);
$$;
