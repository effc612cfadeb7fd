-- pgq.maint_operations()
--
-- The work list of maintenance. Each function is to be called in a transaction of its own, with func_arg when that is not
-- null, and again at once when it returns 1. 'vacuum' is no function but the command.
--
-- Of queue_extra_maint only pgtide.enforce_policy is in it, and functions (text) outside of these schemas that belong to the owner
-- of pgq.queue. A program executes the names as they come, so they are quoted.
--
-- Returns: setof (func_name, func_arg); none when there is nothing to do
-- Writes: nothing
create or replace function pgq.maint_operations(out func_name text, out func_arg text) returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_own       constant text[] := array['pgtide.enforce_policy'];
    c_schemas   constant text[] := array['pg_catalog', 'pgq', 'pgq_coop', 'pgq_ext', 'pgq_node', 'londiste', 'pgtide'];
    v_rotating boolean;
begin
    select coalesce(bool_or(q.queue_switch_step2 is null), false) into v_rotating from pgq.queue q;

    func_name := 'pgq.maint_rotate_tables_step1';
    for func_arg in
        select q.queue_name from pgq.queue q
         where q.queue_rotation_period is not null and q.queue_switch_step2 is not null
           and (q.queue_switch_time + q.queue_rotation_period < now() or q.queue_switch_time > clock_timestamp())
         order by q.queue_name
    loop
        v_rotating := true;
        return next;
    end loop;
    if v_rotating then
        func_name := 'pgq.maint_rotate_tables_step2';
        func_arg := null;
        return next;
    end if;

    return query
        select format('%I.%I', n.nspname, p.proname), q.queue_name
          from pgq.queue q
         cross join unnest(q.queue_extra_maint) with ordinality m(func, nr)
          join pg_namespace n on n.nspname = split_part(m.func, '.', 1)
          join pg_proc p on p.pronamespace = n.oid and p.proname = substr(m.func, strpos(m.func, '.') + 1)
         where p.proargtypes = '25'::oidvector
           and (format('%s.%s', n.nspname, p.proname) = any (c_own)
                or n.nspname <> all (c_schemas)
                    and p.proowner = (select c.relowner from pg_class c where c.oid = 'pgq.queue'::regclass))
         order by q.queue_name, m.nr;
    return query select 'vacuum'::text, t.t from pgq.maint_tables_to_vacuum() t(t);

    if to_regprocedure('pgq_node.maint_watermark(text)') is not null then
        return query execute
            'select ''pgq_node.maint_watermark''::text, n.queue_name from pgq_node.node_info n'
            ' where n.node_type = ''root'' order by n.queue_name';
    end if;
    if to_regprocedure('londiste.root_check_seqs(text)') is not null then
        return query execute
            'select distinct ''londiste.root_check_seqs''::text, n.queue_name'
            ' from londiste.seq_info s join pgq_node.node_info n using (queue_name)'
            ' where n.node_type = ''root'' and s.local order by n.queue_name';
    end if;
    if to_regprocedure('londiste.periodic_maintenance()') is not null then
        return query select 'londiste.periodic_maintenance'::text, null::text;
    end if;
end;
$$;
