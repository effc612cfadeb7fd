-- pgtide.note_stop(i_queue, i_ev_id, i_label, i_reason) returns void
--
-- After replay has stopped at an event (pgtide.handle_events) and rolled back: keeps which one, for status and pgtide.pass_events.
-- An event that was passed in the meantime stays so. Writes pgtide.unhandled_event.
create or replace function pgtide.note_stop(i_queue text, i_ev_id bigint, i_label text, i_reason text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into pgtide.unhandled_event as e (queue_name, ev_id, state, reason, ev_type, whole)
    values (i_queue, i_ev_id, 'stopped', i_reason, i_label, false)
    on conflict (queue_name, ev_id) do update
    set state = 'stopped', reason = excluded.reason, noted_at = now() where e.state <> 'passed';
$$;
