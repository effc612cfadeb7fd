-- pgtide._consume_dead_letter_put(i_queue_id, i_batch, i_event, i_reason)
--
-- Does the work of pgtide.dead_letter_put with the rights of its owner. It is called through the queue's gate (pgq._gate).
-- The real extension pgq has no gates; there its readers may call this function itself.
--
-- Returns: int, as pgtide.dead_letter_put: 1; 0 when the event is a dead letter of this consumer already
-- Writes: pgtide.dead_letter
-- Errors: TD002 batch not found, event not found
create or replace function pgtide._consume_dead_letter_put(i_queue_id int, i_batch bigint, i_event bigint, i_reason text)
returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found int;
    v_added int;
begin
    if not exists (select from pgq.subscription s where s.sub_batch = i_batch and s.sub_queue + 0 = i_queue_id) then
        raise exception 'batch not found' using errcode = 'TD002', detail = format('batch: %s', i_batch);
    end if;
    execute format('
        with event as (select * from (%s) e where e.ev_id = $2),
        added as (
            insert into pgtide.dead_letter (queue_name, consumer_name, ev_id, ev_time, ev_retry, ev_type, ev_data,
                                            ev_extra1, ev_extra2, ev_extra3, ev_extra4, reason)
            select q.queue_name, pgtide._consumer_of(s.sub_id), e.ev_id, e.ev_time, e.ev_retry, e.ev_type, e.ev_data,
                   e.ev_extra1, e.ev_extra2, e.ev_extra3, e.ev_extra4, $3
            from event e
            cross join pgq.subscription s
            join pgq.queue q on q.queue_id = s.sub_queue
            where s.sub_batch = $1
            on conflict do nothing returning 1)
        select (select count(*) from event), (select count(*) from added)', pgq.batch_event_sql(i_batch))
    into v_found, v_added using i_batch, i_event, i_reason;
    if v_found = 0 then
        raise exception 'event not found' using errcode = 'TD002', detail = format('batch: %s, event: %s', i_batch, i_event);
    end if;
    return v_added;
end;
$$;
