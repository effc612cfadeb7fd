-- londiste.execute_start(i_queue_name, i_file_name, i_sql, i_expect_root, i_attrs), also without the last argument
--
-- Notes that a script is run on this node. Called at the beginning of the transaction that runs it, as londiste.execute_finish is at its
-- end; the script itself is run by the caller. A script runs once on a node: its name is its identity, over all queues. Of two
-- that start it at once, the second waits for the first's end.
--
-- Arguments: i_file_name - the script's name, without a path; i_sql - its text; i_expect_root - true: on the root alone, from where it
--            goes to all other nodes; i_attrs - url-encoded, passed on to them
-- Returns: ret_code, ret_note: 200 run it; 201 it has run already, skip it; 401 the node is not the root; 404 the queue has no node here
-- Writes: londiste.applied_execute
-- Errors: TD001 the name or the text is null
create or replace function londiste.execute_start(
    in i_queue_name text,
    in i_file_name text,
    in i_sql text,
    in i_expect_root boolean,
    in i_attrs text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_node text := londiste._find_node(i_queue_name);
begin
    if i_file_name is null or i_sql is null then
        raise exception 'execute_start: file name and SQL must not be NULL' using errcode = 'TD001';
    elsif v_node is null then
        ret_code := 404;
        ret_note := 'No such queue: ' || coalesce(i_queue_name, 'null');
        return;
    elsif i_expect_root and v_node <> 'root' then
        ret_code := 401;
        ret_note := 'Node is not root node: ' || i_queue_name;
        return;
    end if;
    insert into londiste.applied_execute (queue_name, execute_file, execute_sql, execute_attrs)
    values (i_queue_name, i_file_name, i_sql, i_attrs)
    on conflict (execute_file) do nothing;
    ret_code := case when found then 200 else 201 end;
    ret_note := case when found then 'Executing: ' || i_file_name
                     else 'EXECUTE: "' || i_file_name || '" already applied, skipping' end;
end;
$$;

create or replace function londiste.execute_start(
    in i_queue_name text,
    in i_file_name text,
    in i_sql text,
    in i_expect_root boolean,
    out ret_code int4,
    out ret_note text
) returns record
language sql set search_path = pg_catalog, pg_temp as $$
    select e.ret_code, e.ret_note
      from londiste.execute_start(i_queue_name, i_file_name, i_sql, i_expect_root, null) e;
$$;
