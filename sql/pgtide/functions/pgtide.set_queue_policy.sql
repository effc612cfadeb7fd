-- pgtide.set_queue_policy(i_queue, i_parameter, i_value) returns void
--
-- Sets one value of a queue's policy; NULL takes it back.
--   retry_limit                how often an event may be retried before it becomes a dead letter
--   alarm_bytes, alarm_time    the size of the event tables, the age of its position, from which a consumer that holds rotation
--                              is reported
--   detach_bytes, detach_time  and from which it is detached
--   capture_replica            true: writes in replica mode are captured, from the next maintenance on (pgtide.capture_replica)
-- With any of the limits for bytes and times, maintenance looks at the queue (pgtide.enforce_policy). Writes pgtide.queue_policy, pgq.queue.
create or replace function pgtide.set_queue_policy(i_queue text, i_parameter text, i_value text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_maint constant text := 'pgtide.enforce_policy';
    v_watched bool;
begin
    if i_parameter is null or i_parameter not in ('retry_limit', 'alarm_bytes', 'alarm_time', 'detach_bytes', 'detach_time',
            'capture_replica') then
        raise exception 'cannot change parameter "%"', coalesce(i_parameter, 'null') using errcode = 'TD001',
            hint = 'Known are retry_limit, alarm_bytes, alarm_time, detach_bytes, detach_time, capture_replica.';
    end if;
    perform from pgq.queue q where q.queue_name = i_queue for no key update;
    if not found then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002';
    end if;
    insert into pgtide.queue_policy (queue_name) values (i_queue) on conflict do nothing;
    begin
        execute format('update pgtide.queue_policy p set %I = $1::%s where p.queue_name = $2', i_parameter,
                       case when i_parameter = 'retry_limit' then 'int' when i_parameter = 'capture_replica' then 'bool'
                            when i_parameter like '%time' then 'interval' else 'bigint' end)
        using i_value, i_queue;
    exception when data_exception or check_violation then
        raise exception 'no value for %: %', i_parameter, i_value using errcode = 'TD001';
    end;

    select coalesce(p.alarm_bytes, p.detach_bytes) is not null or coalesce(p.alarm_time, p.detach_time) is not null into v_watched
    from pgtide.queue_policy p where p.queue_name = i_queue;
    update pgq.queue q
    set queue_extra_maint = case when v_watched then q.queue_extra_maint || c_maint
                                 else nullif(array_remove(q.queue_extra_maint, c_maint), '{}') end
    where q.queue_name = i_queue and v_watched is distinct from coalesce(c_maint = any (q.queue_extra_maint), false);
end;
$$;
