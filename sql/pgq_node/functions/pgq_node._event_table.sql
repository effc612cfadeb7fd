-- pgq_node._event_table(i_queue_name)
--
-- The table above a queue's event tables. pgq.queue says its name, which is not trusted: functions that run with their owner's rights
-- read and lock that table.
--
-- Returns: regclass, never null
-- Writes: nothing
-- Errors: TD003 the queue's table is none of the kind that pgq.create_queue makes, for the owner of pgq.event_template
create or replace function pgq_node._event_table(i_queue_name text) returns regclass
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_table regclass;
begin
    select c.oid into v_table
      from pgq.queue q
      join pg_class c on c.oid = to_regclass(q.queue_data_pfx)
      join pg_inherits i on i.inhrelid = c.oid
      join pg_class p on p.oid = i.inhparent and p.oid = 'pgq.event_template'::regclass and p.relowner = c.relowner
     where q.queue_name = i_queue_name and c.relkind = 'r';
    if not found then
        raise exception 'queue % has no event tables', i_queue_name
            using errcode = 'TD003', detail = 'pgq.queue.queue_data_pfx names something else.';
    end if;
    return v_table;
end;
$$;
