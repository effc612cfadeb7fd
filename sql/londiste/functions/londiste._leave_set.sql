-- londiste._leave_set(i_queue_name, i_table_name)
--
-- Ends a local table's part in the queue on this node, with that of the sequences that its columns own; its triggers are left. On the root the
-- table leaves the queue: what its triggers still write is of no table.
--
-- Returns: nothing
-- Writes: londiste.table_info, londiste.seq_info; on the root events londiste.remove-table and londiste.remove-seq
create or replace function londiste._leave_set(i_queue_name text, i_table_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_table oid := londiste.find_table_oid(coalesce((
        select t.dest_table from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = i_table_name), i_table_name));
    v_seq   record;
begin
    for v_seq in
        select d.objid as oid, s.seq_name as name
          from pg_depend d
          join pg_class c on c.oid = d.objid and c.relkind = 'S'
          join pg_namespace n on n.oid = c.relnamespace
          join londiste.seq_info s on s.queue_name = i_queue_name and s.seq_name = n.nspname || '.' || c.relname and s.local
         where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
           and d.refobjid = v_table and d.deptype in ('a', 'i')
         order by s.nr
    loop
        -- If dots in names make two sequences the same, the name belongs to the other one.
        continue when londiste.find_seq_oid(v_seq.name) <> v_seq.oid;
        perform londiste.local_remove_seq(i_queue_name, v_seq.name);
    end loop;
    if londiste._find_node(i_queue_name) = 'root' then
        update londiste.table_info t set local = false, merge_state = null, dropped_ddl = null
         where t.queue_name = i_queue_name and t.table_name = i_table_name;
        delete from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = i_table_name;
        perform londiste.root_notify_change(i_queue_name, 'londiste.remove-table', i_table_name);
    else
        update londiste.table_info t
           set local = false, merge_state = null, custom_snapshot = null, dropped_ddl = null, table_attrs = null,
               dest_table = null
         where t.queue_name = i_queue_name and t.table_name = i_table_name;
    end if;
end;
$$;
