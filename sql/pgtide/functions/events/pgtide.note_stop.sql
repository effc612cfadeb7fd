-- pgtide.note_stop(i_queue, i_ev_id, i_label, i_reason)
--
-- On the subscriber, after replay has stopped at an event (pgtide.handle_events) and has rolled back: notes which event it was,
-- for status and pgtide.pass_events.
--
-- Arguments: i_label - its type, as pgtide.event_label writes it
-- Returns: nothing
-- Writes: pgtide.unhandled_event; nothing if the event was passed in the meantime: it stays passed
create or replace function pgtide.note_stop(i_queue text, i_ev_id bigint, i_label text, i_reason text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into pgtide.unhandled_event as e (queue_name, ev_id, state, reason, ev_type, whole)
    values (i_queue, i_ev_id, 'stopped', i_reason, i_label, false)
    on conflict (queue_name, ev_id) do update
    set state = 'stopped', reason = excluded.reason, noted_at = now() where e.state <> 'passed';
$$;
