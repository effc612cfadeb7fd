-- londiste.execute_finish(i_queue_name, i_file_name)
--
-- Ends what londiste.execute_start began, in the same transaction. The root sends the script to all other nodes.
--
-- Returns: ret_code, ret_note: 200; 404 the script was not started, or the queue has no node here
-- Writes: on the root an event EXECUTE: text of the script, its name (ev_extra1), its attributes (ev_extra2)
-- Errors: as pgq.insert_event
create or replace function londiste.execute_finish(
    in i_queue_name text,
    in i_file_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_node      text := londiste._find_node(i_queue_name);
    v_script    record;
begin
    ret_code := 404;
    if v_node is null then
        ret_note := 'No such queue: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    select e.execute_sql, e.execute_attrs into v_script from londiste.applied_execute e where e.execute_file = i_file_name;
    if not found then
        ret_note := 'execute_file called without execute_start';
        return;
    end if;
    if v_node = 'root' then
        perform pgq.insert_event(i_queue_name, 'EXECUTE', v_script.execute_sql, i_file_name, v_script.execute_attrs, null, null);
    end if;
    ret_code := 200;
    ret_note := 'Execute finished: ' || i_file_name;
end;
$$;
