-- pgtide.dead_letter_divert()
--
-- Trigger on pgq.retry_queue: an event that would be retried more often than the queue's retry_limit becomes a dead letter
-- instead.
--
-- Returns: trigger; null, so that the retry is not inserted, when the event became a dead letter
-- Writes: pgtide.dead_letter
--
-- pgq.event_retry then returns 0, as for an event that is waiting already, and pgq.batch_retry does not count it. The role
-- that asks for the retry has no rights on this table, so the trigger runs with its owner's rights.
create or replace function pgtide.dead_letter_divert()
returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue text;
    v_limit int;
begin
    select p.queue_name, p.retry_limit into v_queue, v_limit
    from pgtide.queue_policy p join pgq.queue q using (queue_name) where q.queue_id = new.ev_queue;
    if v_limit is null or coalesce(new.ev_retry, 0) <= v_limit then
        return new;
    end if;
    insert into pgtide.dead_letter (queue_name, consumer_name, ev_id, ev_time, ev_retry, ev_type, ev_data,
                                    ev_extra1, ev_extra2, ev_extra3, ev_extra4, reason)
    select v_queue, pgtide._consumer_of(new.ev_owner), new.ev_id, new.ev_time, new.ev_retry - 1, new.ev_type, new.ev_data,
           new.ev_extra1, new.ev_extra2, new.ev_extra3, new.ev_extra4, format('retried %s times', new.ev_retry - 1)
    on conflict (queue_name, consumer_name, ev_id) do nothing;
    return null;
end;
$$;
