-- pgq._drop_gates(i_queue_id)
--
-- Drops the gates of a queue that is gone. Everybody may call it: it does nothing else, and ids of queues are not used again.
--
-- Returns: nothing
-- Writes: drops pgq.event_<id>_consume and pgq.event_<id>_admin
create or replace function pgq._drop_gates(i_queue_id int4) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select 1 from pgq.queue q where q.queue_id = i_queue_id) then
        execute format('drop function if exists pgq.%I(text, text[])', format('event_%s_consume', i_queue_id));
        execute format('drop function if exists pgq.%I(text, text[])', format('event_%s_admin', i_queue_id));
    end if;
end;
$$;
