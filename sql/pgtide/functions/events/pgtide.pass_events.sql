-- pgtide.pass_events(i_queue, i_events)
--
-- On the subscriber: carries out an operator's decision about events that replay cannot handle (pgtide.handle_events). Of the
-- events with the given ids, those that are set aside are forgotten; replay passes over the others, once, when it meets them,
-- also if it has not met them yet.
--
-- Arguments: i_events - ids; null: all that are set aside, those that were only counted, and the one at which replay stops
-- Returns: forgotten, passed: the number of events that were forgotten, and of those that replay will pass over
-- Writes: pgtide.unhandled_event, pgtide.replay_state (unkept_events)
-- Errors: TD002 this database has no node of the queue
--
-- An event that replay can handle is applied nevertheless, and its pass is used up. A pass for an event that a leaf has met
-- before remains, and has no effect. To take passes back, delete their rows (state passed). Ids that the queue has not given out
-- are not refused: only the queue's root knows them.
create or replace function pgtide.pass_events(i_queue text, i_events bigint[], out forgotten bigint, out passed bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unkept bigint := 0;
begin
    if not exists (select from pgtide.replay_state r where r.queue_name = i_queue)
       and not exists (select from pgq_node.node_info n where n.queue_name = i_queue) then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002';
    end if;
    if i_events is null then
        delete from pgtide.unhandled_event e where e.queue_name = i_queue and e.state = 'aside';
        get diagnostics forgotten = row_count;
        select coalesce(sum(r.unkept_events), 0) into v_unkept from pgtide.replay_state r where r.queue_name = i_queue;
        update pgtide.replay_state r set unkept_events = 0 where r.queue_name = i_queue and r.unkept_events > 0;
        forgotten := forgotten + v_unkept;
        update pgtide.unhandled_event e set state = 'passed', noted_at = now() where e.queue_name = i_queue and e.state = 'stopped';
        get diagnostics passed = row_count;
        return;
    end if;
    with gone as (
        delete from pgtide.unhandled_event e where e.queue_name = i_queue and e.state = 'aside' and e.ev_id = any (i_events)
        returning e.ev_id),
    ahead as (
        insert into pgtide.unhandled_event as e (queue_name, ev_id, state, whole)
        select distinct i_queue, w.ev_id, 'passed', false from unnest(i_events) w (ev_id)
        where w.ev_id not in (select g.ev_id from gone g)
        on conflict (queue_name, ev_id) do update set state = 'passed', noted_at = now()
        returning e.ev_id)
    select (select count(*) from gone), (select count(*) from ahead) into forgotten, passed;
end;
$$;
