-- londiste._remove_local_table(i_queue_name, i_table_name, i_path)
--
-- londiste.local_remove_table, and what it needs to know of its caller.
--
-- Arguments: i_path - the caller's search_path, under which its Londiste has stored what it took off the table
-- Returns: as londiste.local_remove_table
-- Writes: londiste.table_info, and the rest as londiste.local_remove_table
create or replace function londiste._remove_local_table(
    in i_queue_name text,
    in i_table_name text,
    in i_path text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_table_name);
    v_node  text := londiste._find_node(i_queue_name);
    v_info  record;
    v_table oid;
    v_seq   text;
begin
    ret_code := 400;
    if v_node is null then
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    select t.local, t.dropped_ddl, t.dest_table into v_info
      from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name for update;
    if not found then
        ret_note := 'Table not found: ' || coalesce(v_name, 'null');
        return;
    elsif not v_info.local then
        ret_note := 'Table not registered locally: ' || v_name;
        return;
    end if;

    v_table := londiste.find_table_oid(coalesce(v_info.dest_table, v_name));
    perform londiste.drop_table_triggers(i_queue_name, v_name);
    if v_info.dropped_ddl is not null and v_table is not null then
        perform pgtide.run(pgtide.table_runner(v_table), 'truncate '
            || case when (select c.relkind from pg_class c where c.oid = v_table) = 'p' then '' else 'only ' end || v_table::regclass);
        perform pgtide.run_stored_ddl(v_info.dropped_ddl, i_path);
    end if;
    for v_seq in
        select s.seq_name
          from londiste.seq_info s
          join pg_depend d on d.objid = londiste.find_seq_oid(s.seq_name) and d.classid = 'pg_class'::regclass
         where s.queue_name = i_queue_name and s.local
           and d.refclassid = 'pg_class'::regclass and d.refobjid = v_table and d.deptype in ('a', 'i')
         order by s.nr
    loop
        perform londiste.local_remove_seq(i_queue_name, v_seq);
    end loop;

    if v_node = 'root' then
        update londiste.table_info t set local = false, merge_state = null, dropped_ddl = null
         where t.queue_name = i_queue_name and t.table_name = v_name;
        delete from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name;
        perform londiste.root_notify_change(i_queue_name, 'londiste.remove-table', v_name);
    else
        update londiste.table_info t
           set local = false, merge_state = null, custom_snapshot = null, dropped_ddl = null, table_attrs = null,
               dest_table = null
         where t.queue_name = i_queue_name and t.table_name = v_name;
    end if;
    ret_code := 200;
    ret_note := 'Table removed: ' || v_name;
end;
$$;
