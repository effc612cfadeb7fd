-- londiste.drop_table_triggers(i_queue_name, i_table_name)
--
-- Takes the queue's triggers off a table, also pgq's row triggers, whoever made them. Where there is no such table any
-- more, only its form is forgotten.
--
-- Arguments: i_table_name - the global name
-- Returns: nothing
-- Writes: triggers on the table, pgtide.url_form
create or replace function londiste.drop_table_triggers(in i_queue_name text, in i_table_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := londiste.make_fqname(i_table_name);
    v_table oid := londiste.find_table_oid(coalesce(
        (select t.dest_table from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name), v_name));
begin
    if v_table is not null then
        perform pgtide.drop_capture(i_queue_name, v_table);
        perform pgtide.drop_deny(i_queue_name, v_table);
        perform londiste._drop_row_triggers(i_queue_name, v_table, '{}');
    end if;
    delete from pgtide.url_form f where f.queue_name = i_queue_name and f.table_name = v_name;
end;
$$;
