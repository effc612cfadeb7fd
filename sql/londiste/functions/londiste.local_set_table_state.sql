-- londiste.local_set_table_state(i_queue_name, i_table_name, i_snapshot, i_merge_state)
--
-- Sets how far a table is. With a state that is not a copy's, noted dropped_ddl is forgotten.
--
-- Arguments: i_snapshot - the provider's snapshot that the copy saw, or null; i_merge_state - null: to be copied
--
-- Returns: ret_code, ret_note: 200; 404 the queue has no such table that this node uses
-- Writes: londiste.table_info
create or replace function londiste.local_set_table_state(
    in i_queue_name text,
    in i_table_name text,
    in i_snapshot text,
    in i_merge_state text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := londiste.make_fqname(i_table_name);
begin
    update londiste.table_info t
       set custom_snapshot = i_snapshot, merge_state = i_merge_state,
           dropped_ddl = case when i_merge_state in ('in-copy', 'catching-up') then t.dropped_ddl end
     where t.queue_name = i_queue_name and t.table_name = v_name and t.local;
    ret_code := case when found then 200 else 404 end;
    ret_note := case when found then 'Table ' || v_name || ' state set to ' || coalesce(quote_literal(i_merge_state), 'NULL')
                     else 'No such table: ' || coalesce(v_name, 'null') end;
end;
$$;
