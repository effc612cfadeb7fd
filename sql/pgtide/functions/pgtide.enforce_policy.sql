-- pgtide.enforce_policy(i_queue) returns int
--
-- What maintenance calls for a queue with limits (pgtide.set_queue_policy): whoever holds rotation beyond alarm_bytes or
-- alarm_time is reported in pgtide.queue_alarm and by a warning; beyond detach_bytes or detach_time its consumer is taken off the
-- queue, with the watermark of the node that it works for. What it has not read is lost to it then: a node's replay stops, and
-- pgtide resync --all lets it copy its tables again and go on.
-- A size counts only once rotation is overdue, and whoever holds it has done so for a rotation period.
-- Alarms whose cause is gone are taken back; a detachment stays on record until the consumer is registered again.
-- Returns 0: there is nothing to call it again for. Writes pgtide.queue_alarm, pgq.subscription, pgq_node.subscriber_info.
create or replace function pgtide.enforce_policy(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy pgtide.queue_policy;
    v_blocker record;
    v_detach bool;
    v_known text[] := '{}';
begin
    select * into v_policy from pgtide.queue_policy p where p.queue_name = i_queue for update skip locked;
    if not found then
        return 0;
    end if;
    for v_blocker in
        select b.*, now() - b.since as age,
               case when b.due < now() and coalesce(now() - b.since >= q.queue_rotation_period, true) then b.held_bytes end as held
        from pgtide.rotation_blockers(i_queue) b, pgq.queue q
        where b.kind <> 'maintenance' and q.queue_name = i_queue
    loop
        v_detach := v_blocker.kind in ('consumer', 'watermark', 'lost-tick') and v_blocker.who <> '.global_watermark'
            and coalesce(v_blocker.held >= v_policy.detach_bytes or v_blocker.age >= v_policy.detach_time, false);
        continue when not v_detach
            and not coalesce(v_blocker.held >= v_policy.alarm_bytes or v_blocker.age >= v_policy.alarm_time, false);
        v_known := v_known || (v_blocker.kind || ' ' || coalesce(v_blocker.who, ''));
        raise warning 'queue %: %: %', i_queue, case when v_detach then 'detached' else 'rotation is held' end, v_blocker.message
            using hint = v_blocker.remedy;
        insert into pgtide.queue_alarm as a (queue_name, kind, who, node, since, held_bytes, detached_at)
        values (i_queue, v_blocker.kind, coalesce(v_blocker.who, ''), v_blocker.node, v_blocker.since, v_blocker.held_bytes,
                case when v_detach then now() end)
        on conflict (queue_name, kind, who) do update
        set since = excluded.since, held_bytes = excluded.held_bytes, detached_at = excluded.detached_at;
        if v_detach and v_blocker.node is not null then
            perform pgq_node.unregister_subscriber(i_queue, v_blocker.node);
        elsif v_detach then
            perform pgq.unregister_consumer(i_queue, v_blocker.who);
        end if;
    end loop;
    delete from pgtide.queue_alarm a
    where a.queue_name = i_queue
      and case when a.detached_at is null then a.kind || ' ' || a.who <> all (v_known)
               else exists (select from pgq.get_consumer_info(i_queue, a.who)) and a.detached_at < now() end;
    return 0;
end;
$$;
