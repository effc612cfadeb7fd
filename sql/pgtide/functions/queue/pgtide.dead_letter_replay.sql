-- pgtide.dead_letter_replay(i_queue, i_consumer, i_events)
--
-- On the provider: puts dead letters back. Their consumer gets them once more, with the tick after the next call of
-- pgq.maint_retry_events.
--
-- Arguments: i_events - event ids; null: all of the consumer's
-- Returns: bigint, the number put back; 0 when there were none
-- Writes: pgtide.dead_letter; pgq.retry_queue
-- Errors: TD002 the consumer is not registered
--
-- Their retries count from 0 again. An event that is waiting as a retry already comes in any case: its dead letter is
-- deleted and counted, and nothing is added to the retry queue.
create or replace function pgtide.dead_letter_replay(i_queue text, i_consumer text, i_events bigint[] default null)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_sub int;
    v_letter pgtide.dead_letter;
    v_count bigint := 0;
begin
    select s.sub_id into v_sub
    from pgq.subscription s
    join pgq.queue q on q.queue_id = s.sub_queue
    join pgq.consumer c on c.co_id = s.sub_consumer
    where q.queue_name = i_queue and c.co_name = i_consumer;
    if not found then
        raise exception 'consumer not registered' using errcode = 'TD002',
            detail = format('queue: %s, consumer: %s', i_queue, i_consumer),
            hint = 'Register it again with pgq.register_consumer, or purge its dead letters with pgtide.dead_letter_purge.';
    end if;
    for v_letter in
        delete from pgtide.dead_letter d
        where d.queue_name = i_queue and d.consumer_name = i_consumer and (i_events is null or d.ev_id = any (i_events))
        returning d.*
    loop
        -- An event that is waiting as a retry comes back anyway.
        if not exists (select from pgq.retry_queue r where r.ev_owner = v_sub and r.ev_id = v_letter.ev_id) then
            perform pgq.event_retry_raw(i_queue, i_consumer, now(), v_letter.ev_id, v_letter.ev_time, null, v_letter.ev_type,
                v_letter.ev_data, v_letter.ev_extra1, v_letter.ev_extra2, v_letter.ev_extra3, v_letter.ev_extra4);
        end if;
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
