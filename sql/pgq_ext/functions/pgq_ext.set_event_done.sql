-- pgq_ext.set_event_done(a_consumer, [a_subconsumer,] a_batch_id, a_event_id)
--
-- Notes that the consumer has done an event, in the transaction that does it. The first event of another batch forgets
-- those of the batch before, so that events that come again in a later batch (retries) are not known any more.
--
-- Returns: boolean, false when the event was done already
-- Writes: pgq_ext.completed_event, pgq_ext.partial_batch
create or replace function pgq_ext.set_event_done(
    a_consumer text, a_subconsumer text, a_batch_id bigint, a_event_id bigint
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into pgq_ext.completed_event (consumer_id, subconsumer_id, batch_id, event_id)
    values (a_consumer, a_subconsumer, a_batch_id, a_event_id)
    on conflict do nothing;
    if not found then
        return false;
    end if;
    insert into pgq_ext.partial_batch as p (consumer_id, subconsumer_id, cur_batch_id)
    values (a_consumer, a_subconsumer, a_batch_id)
    on conflict (consumer_id, subconsumer_id) do update
       set cur_batch_id = excluded.cur_batch_id where p.cur_batch_id <> excluded.cur_batch_id;
    if found then
        delete from pgq_ext.completed_event c
         where c.consumer_id = a_consumer and c.subconsumer_id = a_subconsumer and c.batch_id <> a_batch_id;
    end if;
    return true;
end;
$$;

create or replace function pgq_ext.set_event_done(a_consumer text, a_batch_id bigint, a_event_id bigint) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select pgq_ext.set_event_done(a_consumer, '', a_batch_id, a_event_id);
$$;
