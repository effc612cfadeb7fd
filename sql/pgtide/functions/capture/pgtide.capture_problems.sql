-- pgtide.capture_problems(i_queue)
--
-- On a root or branch, for status: reports what keeps changes of the queue's tables from being captured completely and fast.
--
-- Returns: table (table_name, code, message, remedy); no rows if all is well. Codes:
--              trigger-missing       a trigger of the capture is missing (the table was recreated, or the trigger was dropped)
--              trigger-disabled      a trigger of the capture, or one of Londiste's row triggers, exists and does not fire
--              partition-uncaptured  a partition is new: what is written to it by its own name is not captured until the next maintain;
--                                    or a table that follows alone has become a partition: what is written by its parent's name is not
--                                    captured
--              table-missing         the table itself does not exist
--              table-replaced        it is another table than the one that was captured under this name, and followers do not know its rows
--              replica-uncaptured    a native subscription writes to the table, or the queue's policy requires the capture of writes in
--                                    replica mode, and these are not captured
--              order-unsettled       the table is not looked into (pgtide._look_problem), so the order of nested statements is not settled
--              capture-stale         the table's shape has changed, or the database was restored from a dump: changes are captured exactly,
--                                    but slowly, until the next maintain
-- Writes: nothing
-- Errors: as pgtide._look_problem
create or replace function pgtide.capture_problems(i_queue text)
returns table (table_name text, code text, message text, remedy text) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with relations as (
        select * from pgtide._captured_relations(i_queue)
    ), members as (
        select t.table_name as name, o.root
        from londiste.table_info t
        join pgq_node.node_info n on n.queue_name = t.queue_name
        cross join lateral (select londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) as root offset 0) o
        where t.queue_name = i_queue and t.local and n.node_type in ('root', 'branch')
    ), states as (
        select r.name, r.root, r.relation, r.replaced, not r.whole as missing,
               case when exists (select from pg_trigger g where g.tgrelid = r.relation and g.tgenabled in ('D', 'R'))
                    then exists (select from pgtide.capture_triggers(r.queue_id, r.relation) g where g.enabled in ('D', 'R'))
                    else false end as disabled
        from relations r
    )
    select s.name,
           case when s.missing and s.relation <> s.root then 'partition-uncaptured'
                when s.missing then 'trigger-missing' else 'trigger-disabled' end,
           format(case when s.missing and s.relation <> s.root
                       then 'what is written to %s by its own name is not captured: a trigger of queue %s is %s'
                       else 'changes of %s are not captured: a trigger of queue %s is %s' end,
                  pgtide.table_name(s.relation), i_queue, case when s.missing then 'missing' else 'disabled' end),
           format(case when s.missing and s.relation <> s.root and f.names <> ''
                       then 'detach the partitions of %2$s that are foreign tables: %3$s; then run maintain, and: pgtide resync %1$s %2$s'
                       when s.missing and s.relation <> s.root
                       then 'the next run of maintain repairs it; what was written to it by its own name meanwhile needs: pgtide resync %s %s'
                       else 'pgtide add-table %s %s creates the triggers and copies the table again' end, i_queue, s.name, f.names)
    from states s cross join lateral array_to_string(pgtide.foreign_partitions(s.root), ', ') f (names)
    where s.missing or s.disabled
    union all
    select s.name, 'table-replaced',
           format('%s is not the table whose rows the followers of queue %s have: it was renamed or recreated', s.name, i_queue),
           format('pgtide add-table %s %s copies the table again', i_queue, s.name)
    from states s where s.replaced and not s.missing
    union all
    select m.name, 'trigger-disabled',
           format('changes of %s are not captured: a trigger of queue %s is disabled', m.name, i_queue),
           format('alter table %s enable trigger %I; what was not captured meanwhile needs: pgtide resync %s %s',
                  m.root::regclass, g.trigger_name, i_queue, m.name)
    from members m cross join lateral pgtide._classic_triggers(i_queue, m.root) g
    where g.enabled in ('D', 'R')
    union all
    select m.name, 'table-missing', format('table %s is not there any more', m.name), format('pgtide remove-table %s %s', i_queue, m.name)
    from members m where m.root is null
    union all
    select r.name, 'partition-uncaptured', format('%s has become a partition: what is written to it by the name of %s is not captured', r.name,
                                                  pgtide.table_name(i.inhparent)),
           format('the next run of maintain repairs it, if the table has a primary key; '
                  'what was written to it by that name meanwhile needs: pgtide resync %s %s', i_queue, r.name)
    from relations r
    join pg_class t on t.oid = r.root and t.relispartition
    join pg_inherits i on i.inhrelid = r.root
    where r.relation = r.root and r.function is not null
    union all
    select r.name, 'capture-stale',
           format('%s has changed since its capture was made, or the database was restored; it is captured exactly, but slowly', r.name),
           case when r.shared and f.names <> ''
                then format('detach the partitions of %s that are foreign tables: %s; then run maintain', r.name, f.names)
                else 'the next run of maintain repairs it' end
    from relations r cross join lateral array_to_string(pgtide.foreign_partitions(r.root), ', ') f (names)
    where (r.stale or r.shared) and r.whole and not r.replaced
    union all
    select r.name, 'replica-uncaptured',
           case when not k.wanted then format('what the subscription %s writes to %s is not captured', pgtide.feeding_subscriptions(r.root), r.name)
                else format('what is written to %s in replica mode is not captured: a trigger of queue %s is missing or disabled',
                            r.name, i_queue) end,
           format(case when not k.wanted
                  then 'set captureReplicaWrites of the queue %1$s in the configuration, run maintain, then: pgtide resync %1$s %2$s'
                  else 'the next run of maintain repairs it; what was written meanwhile needs: pgtide resync %s %s' end, i_queue, r.name)
    from relations r
    cross join lateral (
        select coalesce((select p.capture_replica from pgtide.queue_policy p where p.queue_name = i_queue), false) as wanted) k
    where r.relation = r.root and r.whole and case
        when not k.wanted then case when exists (select from pg_subscription_rel) then pgtide.feeding_subscriptions(r.root) is not null else false end
        else exists (select from pgtide._replica_relations(r.root) n (relation)
                     where n.relation not in (select g.relation from pgtide._replica_triggers(r.queue_id, r.root) g))
             or exists (select from pgtide._replica_triggers(r.queue_id, r.root) g where g.enabled <> 'R')
             or exists (select from pgtide.table_tree(r.root) t (relation), pgtide.capture_triggers(r.queue_id, t.relation) g
                        where g.suffix like 'trunc%' and g.enabled <> 'A') end
    union all
    select r.name, 'order-unsettled',
           format('%s is not looked into, because %s; what nested statements do to one row may be captured out of order', r.name, f.failure),
           f.remedy
    from relations r cross join lateral pgtide._look_problem(r.root) f
    where r.relation = r.root and f.failure is not null;
$$;
