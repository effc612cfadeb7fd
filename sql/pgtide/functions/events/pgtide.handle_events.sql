-- pgtide.handle_events(i_queue, i_policy)
--
-- On the subscriber, in replay's transaction: handles the staged events that are not rows. Applies control events
-- (pgtide._apply_control_event), and sets aside the events that replay cannot handle: those of unknown types, and control events
-- that fail.
--
-- Arguments: i_policy - what happens to an event that cannot be handled:
--              set-aside  it is kept in pgtide.unhandled_event, and replay continues after it
--              stop       replay stops at it
-- Returns: stop_id, stop_label, stop_reason, set_aside. stop_id is the first event at which replay stops, with its type in the
--          form that may be shown (pgtide.event_label) and the reason: the caller must roll back, and note it with
--          pgtide.note_stop. stop_id is null if replay goes on; set_aside is the number of events set aside, 0 if there are none
-- Writes: pgtide.unhandled_event, pgtide.replay_state (unkept_events); the temporary tables pgtide_unhandled and pgtide_leaving,
--         which it creates, and pgtide_stage; as pgtide._apply_control_event and pgtide.measure_stage
-- Errors: as pgtide._apply_control_event, if the error is not the event's: a lock, a lost connection, a full disk (SQLSTATE
--         classes 08, 25, 40, 53, 55, 57, 58), TD006 and TD008
--
-- Events that change structure (EXECUTE) stop replay under either policy, and so do control events that fail for a reason that is
-- not in the event (a missing privilege, a bug): rows after them may need what they do.
--
-- An event that pgtide.pass_events has passed is left out, once: the pass is used up when replay meets the event, even if the
-- event can be handled.
--
-- An event that could not be sent as it is (chunk_no -2, see pgtide.slice_query) has the reason as its data, and nothing else to
-- keep.
--
-- If a table leaves the queue, the rows before its removal are still in the stage and are applied, so pgtide.apply_stage lets the
-- table go (pgtide._leave_staged). The rows after the removal are dropped from the stage.
--
-- Everything is done in replay's own transaction, so each event is set aside exactly once. Per queue at most 1000 events are
-- kept, and 64 MB of their content; an event beyond these 64 MB is kept without data, and events beyond the 1000 are counted in
-- pgtide.replay_state.unkept_events. So a flood of them neither fills this database nor stops replay.
create or replace function pgtide.handle_events(i_queue text, i_policy text,
    out stop_id bigint, out stop_label text, out stop_reason text, out set_aside bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_event record;
    v_state text;
    v_kept bigint;
    v_kept_bytes bigint;
    v_stored bigint;
    v_passed bigint[];
    v_cut bool := false;
    c_control constant text[] := array['pgq.location-info', 'pgq.unregister-location', 'pgq.global-watermark', 'pgq.tick-id',
        'londiste.add-table', 'londiste.remove-table', 'londiste.update-seq', 'londiste.remove-seq', 'pgtide.new-epoch'];
    c_max_events constant bigint := 1000;
    c_max_bytes constant bigint := 64 * 1024 * 1024;
begin
    set_aside := 0;
    -- Replay stopped at this event before. If it stops here again, this delete is rolled back.
    delete from pgtide.unhandled_event e where e.queue_name = i_queue and e.state = 'stopped';
    if exists (select from pgtide.unhandled_event e where e.queue_name = i_queue and e.state = 'passed') then
        with met as (
            delete from pgtide.unhandled_event e using pg_temp.pgtide_stage s
            where e.queue_name = i_queue and e.state = 'passed' and e.ev_id = s.ev_id
            returning e.ev_id)
        select array_agg(m.ev_id) into v_passed from met m;
    end if;
    if not exists (select from pg_temp.pgtide_kinds k where k.table_name is null) then
        return;
    end if;
    create temp table pgtide_unhandled (ev_id bigint, place tid, reason text, stops bool) on commit drop;
    insert into pg_temp.pgtide_unhandled
    select s.ev_id, s.ctid, concat_ws('; ', case when s.ev_type = 'EXECUTE' then 'it runs SQL, which is left to an operator'
                                                 when s.chunk_no = -2 then null else 'its type is unknown' end,
                                            case when s.chunk_no = -2 then s.ev_data end),
           coalesce(i_policy = 'stop' or s.ev_type = 'EXECUTE', false)
    from pg_temp.pgtide_stage s
    where (s.ev_type like '{%' and octet_length(s.ev_extra1) <= 512) is not true and (s.ev_type = any (c_control)) is not true;

    for v_event in
        select s.*, s.ctid as place from pg_temp.pgtide_stage s
        where s.ev_type in (select k.ev_type from pg_temp.pgtide_kinds k where k.ev_type = any (c_control)) order by s.ev_id
    loop
        if v_event.ev_type = 'londiste.remove-table' then
            delete from pg_temp.pgtide_stage s
            where s.ev_extra1 = v_event.ev_data and s.ev_type like '{%' and s.ev_id > v_event.ev_id;
            v_cut := v_cut or found;
            if exists (select from pg_temp.pgtide_kinds k where k.table_name = v_event.ev_data and k.first_ev_id < v_event.ev_id) then
                create temp table if not exists pgtide_leaving (table_name text primary key) on commit drop;
                insert into pg_temp.pgtide_leaving values (v_event.ev_data) on conflict do nothing;
                continue;
            end if;
        end if;
        begin
            perform pgtide._apply_control_event(i_queue, v_event.ev_type, v_event.ev_data, v_event.ev_extra1, v_event.ev_extra2, v_event.ev_extra3);
        exception when others then
            get stacked diagnostics v_state = returned_sqlstate;
            if left(v_state, 2) in ('08', '25', '40', '53', '55', '57', '58') or v_state in ('TD006', 'TD008') then
                raise;
            end if;
            insert into pg_temp.pgtide_unhandled
            values (v_event.ev_id, v_event.place, format('it fails with SQLSTATE %s', v_state),
                    i_policy = 'stop' or left(v_state, 2) not in ('22', '23', '0A', '21', '54', 'P0', 'TD') or v_state = 'TD009');
        end;
    end loop;

    if v_cut then
        perform pgtide.measure_stage();
    end if;
    delete from pg_temp.pgtide_unhandled u where u.ev_id = any (v_passed);

    select u.ev_id, pgtide.event_label(s.ev_type), u.reason into stop_id, stop_label, stop_reason
    from pg_temp.pgtide_unhandled u join pg_temp.pgtide_stage s on s.ctid = u.place
    where u.stops order by u.ev_id limit 1;
    select count(*) into set_aside from pg_temp.pgtide_unhandled;
    if stop_id is not null or set_aside = 0 then
        return;
    end if;

    select count(*), coalesce(sum(case when e.whole then coalesce(octet_length(e.ev_type), 0) + coalesce(octet_length(e.ev_extra1), 0)
               + coalesce(octet_length(e.ev_data), 0) + coalesce(octet_length(e.ev_extra2), 0)
               + coalesce(octet_length(e.ev_extra3), 0) + coalesce(octet_length(e.ev_extra4), 0) end), 0)
    into v_kept, v_kept_bytes
    from pgtide.unhandled_event e where e.queue_name = i_queue and e.state = 'aside';
    insert into pgtide.unhandled_event as e (queue_name, ev_id, state, reason, whole, ev_txid, ev_time, ev_type,
        ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    select i_queue, s.ev_id, 'aside', x.reason, x.whole, s.ev_txid, s.ev_time, case when x.whole then s.ev_type else left(s.ev_type, 100) end,
           case when x.whole then s.ev_data end, case when x.whole then s.ev_extra1 end, case when x.whole then s.ev_extra2 end,
           case when x.whole then s.ev_extra3 end, case when x.whole then s.ev_extra4 end
    from (select distinct on (w.ev_id) w.ev_id, w.place, w.reason, w.nr,
                 sum(w.bytes) over (order by w.ev_id rows unbounded preceding) <= c_max_bytes - v_kept_bytes and w.sent as whole
          from (select u.*, row_number() over (order by u.ev_id) as nr, s.chunk_no is distinct from -2 as sent,
                       coalesce(octet_length(s.ev_type), 0) + coalesce(octet_length(s.ev_data), 0) + coalesce(octet_length(s.ev_extra1), 0)
                       + coalesce(octet_length(s.ev_extra2), 0) + coalesce(octet_length(s.ev_extra3), 0)
                       + coalesce(octet_length(s.ev_extra4), 0)::bigint as bytes
                from pg_temp.pgtide_unhandled u join pg_temp.pgtide_stage s on s.ctid = u.place) w
          order by w.ev_id) x
    join pg_temp.pgtide_stage s on s.ctid = x.place
    where x.nr <= c_max_events - v_kept
    on conflict (queue_name, ev_id) do nothing;
    get diagnostics v_stored = row_count;
    update pgtide.replay_state r set unkept_events = r.unkept_events + set_aside - v_stored
    where r.queue_name = i_queue and v_stored < set_aside;
end;
$$;
