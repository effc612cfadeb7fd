-- pgtide.capture_problems(i_queue) returns table (table_name, code, message, remedy)
--
-- What keeps changes of the queue's tables from being captured whole and fast. No rows: all is well.
--   trigger-missing       a trigger of the capture is gone (the table was made anew, somebody dropped it)
--   trigger-disabled      a trigger of the capture is there, and does not fire
--   partition-uncaptured  a partition is new: what is written to it by its own name is not captured until the next maintain
--                         so is a table that follows alone and has become a partition: what is written by its parent's name is not captured
--   table-missing         the table itself is gone
--   capture-stale         the table's shape has changed: captured exactly, but slowly, until the next maintain
create or replace function pgtide.capture_problems(i_queue text)
returns table (table_name text, code text, message text, remedy text) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with relations as (
        select c.root, c.name, r.relation from pgtide.captured_tables(i_queue) c, pgtide.table_tree(c.root) r (relation)
    ), expected as (
        select r.*, pgtide.trigger_name(i_queue, s) as tgname
        from relations r, unnest('{insert,update,delete,truncating,truncate}'::text[]) s
    ), states as (
        select e.name, e.root, e.relation, bool_or(g.oid is null) as missing,
               bool_or(g.tgenabled in ('D', 'R')) as disabled
        from expected e left join pg_trigger g on g.tgrelid = e.relation and g.tgname = e.tgname
        group by 1, 2, 3
    )
    select s.name,
           case when s.missing and s.relation <> s.root then 'partition-uncaptured'
                when s.missing then 'trigger-missing' else 'trigger-disabled' end,
           format(case when s.missing and s.relation <> s.root then 'what is written to %s by its own name is not captured: a trigger of queue %s is %s'
                       else 'changes of %s are not captured: a trigger of queue %s is %s' end,
                  pgtide.table_name(s.relation), i_queue, case when s.missing then 'missing' else 'disabled' end),
           format(case when s.missing and s.relation <> s.root
                       then 'the next run of maintain mends it; what was written to it by its own name meanwhile needs: pgtide resync %s %s'
                       else 'pgtide add-table %s %s puts the triggers back, and has the table copied anew' end, i_queue, s.name)
    from states s where s.missing or s.disabled
    union all
    select t.table_name, 'trigger-disabled',
           format('changes of %s are not captured: a trigger of queue %s is disabled', t.table_name, i_queue),
           format('alter table %s enable trigger %I; what was not captured meanwhile needs: pgtide resync %s %s',
                  g.tgrelid::regclass, g.tgname, i_queue, t.table_name)
    from londiste.table_info t
    join pgq_node.node_info n on n.queue_name = t.queue_name
    join pg_trigger g on g.tgrelid = londiste.find_table_oid(coalesce(t.dest_table, t.table_name))
    where t.queue_name = i_queue and t.local and n.node_type in ('root', 'branch') and g.tgenabled in ('D', 'R')
      and g.tgname in (('_londiste_' || i_queue)::name, ('zzz__londiste_' || i_queue)::name)
    union all
    select t.table_name, 'table-missing', format('table %s is not there any more', t.table_name),
           format('pgtide remove-table %s %s', i_queue, t.table_name)
    from londiste.table_info t join pgq_node.node_info n on n.queue_name = t.queue_name
    where t.queue_name = i_queue and t.local and n.node_type in ('root', 'branch')
      and londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) is null
    union all
    select c.name, 'partition-uncaptured', format('%s has become a partition: what is written to it by the name of %s is not captured', c.name,
                                                  pgtide.table_name(i.inhparent)),
           format('the next run of maintain mends it, if the table has a primary key; what was written to it by that name meanwhile needs: pgtide resync %s %s', i_queue, c.name)
    from pgtide.captured_tables(i_queue) c
    join pg_class t on t.oid = c.root and t.relispartition
    join pg_inherits i on i.inhrelid = c.root
    where exists (select from pg_trigger g where g.tgrelid = c.root and g.tgname = pgtide.trigger_name(i_queue, 'insert'))
    union all
    select r.name, 'capture-stale', format('the shape of %s has changed since its capture was made; it is captured exactly, but slowly', r.name),
           'the next run of maintain mends it'
    from relations r
    join pgq.queue q on q.queue_name = i_queue
    join pg_proc p on p.proname = format('capture_%s_%s', q.queue_id, r.relation) and p.pronamespace = 'pgtide'::regnamespace
    where position(quote_literal(pgtide.capture_shape(r.relation, r.root)) in p.prosrc) = 0;
$$;
