-- londiste._merge_sources(i_queue_name, i_table_name, i_dest_table, i_trg_args, i_table_attrs, i_merge_state)
--
-- What londiste.local_add_table does on a leaf when other queues have the same table, before it adds its own: with merge_all, or where
-- nothing is to be copied, the table follows all of them. A combined queue of this node gets the table, too. With no_merge
-- nothing of that: each queue is added by itself.
--
-- Arguments: as londiste.local_add_table; i_dest_table - the table's name here, never null; i_merge_state - the state that it gets
-- Returns: ret_code, ret_note: 200; 405 merge_all and no_merge at once, a copy would empty a table that another queue feeds here,
--          or other queues have the table and neither is given; from 400 on also what londiste.local_add_table says of the combined queue
-- Writes: londiste.table_info, triggers on the table, for those queues; as londiste.local_add_table
create or replace function londiste._merge_sources(
    in i_queue_name text,
    in i_table_name text,
    in i_dest_table text,
    in i_trg_args text[],
    in i_table_attrs text,
    in i_merge_state text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_copied    boolean := i_merge_state is distinct from 'ok';
    v_said      text := i_table_name || case when i_dest_table <> i_table_name then '(' || i_dest_table || ')' else '' end;
    v_source    londiste.table_info;
    v_combined  text;
begin
    ret_code := 405;
    if i_trg_args @> '{merge_all,no_merge}' then
        ret_note := 'Cannot use merge-all and no-merge together';
        return;
    elsif 'no_merge' = any (i_trg_args) then
        ret_code := 200;
        return;
    end if;
    if v_copied then
        select o.* into v_source from londiste._other_sources(i_queue_name, i_dest_table) o order by o.local desc, o.queue_name limit 1;
        if v_source.local then
            ret_note := 'Found local table ' || v_said || ' in queue ' || v_source.queue_name
                || ', use remove-table first to remove all previous table subscriptions';
            return;
        elsif found and not 'merge_all' = any (i_trg_args) then
            ret_note := 'Found multiple sources for table ' || v_said || ', use merge-all or no-merge to continue';
            return;
        end if;
    end if;

    select c.queue_name into v_combined
      from pgq_node.node_info n
      join pgq_node.node_info c on c.queue_name = n.combined_queue and c.node_type in ('root', 'branch')
     where n.queue_name = i_queue_name
       and not exists (select from londiste.table_info t
                        where t.queue_name = c.queue_name and t.table_name = i_table_name and t.local);
    if found then
        select a.ret_code, a.ret_note into ret_code, ret_note
          from londiste.local_add_table(v_combined, i_table_name, i_trg_args, i_table_attrs, i_dest_table) a;
        if ret_code >= 400 then
            return;
        end if;
    end if;

    for v_source in select * from londiste._other_sources(i_queue_name, i_dest_table) s where not s.local loop
        perform londiste.create_trigger(v_source.queue_name, v_source.table_name, i_trg_args, i_dest_table, 'leaf');
        update londiste.table_info t
           set local = true, merge_state = i_merge_state, custom_snapshot = null, dropped_ddl = null,
               table_attrs = coalesce(i_table_attrs, t.table_attrs)
         where t.queue_name = v_source.queue_name and t.table_name = v_source.table_name;
    end loop;
    ret_code := 200;
    ret_note := 'Ok';
end;
$$;
