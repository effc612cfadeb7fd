-- londiste.local_set_table_attrs(i_queue_name, i_table_name, i_table_attrs)
--
-- Sets a table's attributes.
--
-- Arguments: i_table_attrs - url-encoded, or null
--
-- Returns: ret_code, ret_note: 200; 404 the queue has no such table that this node uses
-- Writes: londiste.table_info
create or replace function londiste.local_set_table_attrs(
    in i_queue_name text,
    in i_table_name text,
    in i_table_attrs text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := londiste.make_fqname(i_table_name);
begin
    update londiste.table_info t
       set table_attrs = i_table_attrs
     where t.queue_name = i_queue_name and t.table_name = v_name and t.local;
    ret_code := case when found then 200 else 404 end;
    ret_note := case when found then v_name || ': Table attributes stored'
                     else 'no such local table: ' || coalesce(v_name, 'null') end;
end;
$$;
