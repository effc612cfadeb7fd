-- pgtide._rotation_sessions(i_queue)
--
-- On the provider: lists the obstacles to a queue's rotation other than consumers. See pgtide.rotation_blockers.
--
-- Arguments: i_queue - the queue's row
-- Returns: kind (epoch, unfinished, transaction, ticker, lock), who, node, since, message, remedy, as
--          pgtide.rotation_blockers; no rows when nothing is in the way
-- Writes: nothing
--
-- The application of another role's session, and since when its transaction runs, are null unless this role may see them
-- (pg_read_all_stats). Its process is known in any case.
create or replace function pgtide._rotation_sessions(i_queue pgq.queue)
returns table (kind text, who text, node text, since timestamptz, message text, remedy text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c_process constant text := 'process %s (%s of %s)';
    v_now txid_snapshot := txid_current_snapshot();
    v_next int := (i_queue.queue_cur_table + 1) % i_queue.queue_ntables;
    v_tables oid[] := array[(i_queue.queue_data_pfx || '_' || v_next)::regclass::oid]
        || array(select r.name::regclass::oid from pgtide._row_tables(i_queue.queue_id, v_next) r);
begin
    if txid_snapshot_xmax(v_now) < greatest(i_queue.queue_switch_step1, i_queue.queue_switch_step2) then
        return query select 'epoch'::text, null::text, null::text, i_queue.queue_switch_time,
            format('transaction ids went back, from at least %s to %s: the database was restored',
                   greatest(i_queue.queue_switch_step1, i_queue.queue_switch_step2), txid_snapshot_xmax(v_now)),
            format('select * from pgtide.queue_new_epoch(%L)', i_queue.queue_name);
    elsif i_queue.queue_switch_step2 is null then
        return query select 'unfinished'::text, 'pgq.maint_rotate_tables_step2'::text, null::text, i_queue.queue_switch_time,
            'the last rotation was begun and not ended'::text, 'check that the schedule of maintain is on, and what its last run logged'::text;
    elsif txid_snapshot_xmin(v_now) <= i_queue.queue_switch_step2 then
        return query
            select 'transaction'::text,
                   case when p.gid is not null then 'prepared transaction ' || p.gid
                        when l.pid is not null then format(c_process, l.pid, a.application_name, a.usename)
                        else 'transaction ' || x.txid end,
                   null::text, coalesce(p.prepared, a.xact_start), 'a transaction is older than the last rotation'::text,
                   case when p.gid is not null then format('rollback prepared %L, or commit it', p.gid)
                        when l.pid is not null then format('end it, or: select pg_terminate_backend(%s)', l.pid)
                        else 'end it' end
            from txid_snapshot_xip(v_now) x (txid)
            left join pg_locks l on l.locktype = 'transactionid' and l.granted and l.mode = 'ExclusiveLock'
                and l.transactionid::text::bigint = x.txid & 4294967295
            left join pg_stat_activity a on a.pid = l.pid
            left join pg_prepared_xacts p on p.transaction::text::bigint = x.txid & 4294967295
            where x.txid <= i_queue.queue_switch_step2
            order by x.txid;
    elsif not exists (select from pgq.tick t where t.tick_queue = i_queue.queue_id
                      and txid_snapshot_xmin(t.tick_snapshot) > i_queue.queue_switch_step2)
        and exists (select from pgq.subscription s where s.sub_queue = i_queue.queue_id and s.sub_last_tick is not null)
    then
        return query
            select 'ticker'::text, null::text, null::text, max(t.tick_time), 'there is no tick since the last rotation'::text,
                   'check that tick runs, and that the queue''s ticker is not paused'::text
            from pgq.tick t where t.tick_queue = i_queue.queue_id;
    end if;
    if i_queue.queue_switch_time + i_queue.queue_rotation_period < now() then
        return query
            select distinct on (l.pid) 'lock'::text, format(c_process, coalesce(l.pid::text, '-'), a.application_name, a.usename),
                   null::text, a.xact_start, format('table %s is locked (%s)', l.relation::regclass, l.mode),
                   format('wait for it, or: select pg_terminate_backend(%s)', l.pid)
            from pg_locks l
            left join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'relation' and l.relation = any (v_tables) and l.granted and l.pid is distinct from pg_backend_pid()
              and l.database = (select d.oid from pg_database d where d.datname = current_database());
    end if;
end;
$$;
