-- pgq._gate(i_queue_id, i_right)
--
-- The gate of a queue: the function through which its consumers, or its administrators, do what they have no rights for
-- themselves. The right to execute it is the right on the queue.
--
-- Arguments: i_right - consume, admin
-- Returns: text, the gate's name; never null
-- Writes: nothing
-- Errors: TD009 the caller has no such right on this queue
--
-- A function with its owner's rights cannot see who called it: current_user is the owner there, session_user is whoever logged
-- in, and both are wrong when one function calls another. So nothing here asks who it is. The public functions run with their
-- caller's rights, and PostgreSQL itself checks the caller against the gate's access list. The check below only gives the
-- refusal a better text.
create or replace function pgq._gate(i_queue_id int4, i_right text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_gate text := format('pgq.event_%s_%s', i_queue_id, i_right);
begin
    if not has_function_privilege(v_gate || '(text,text[])', 'execute') then
        raise exception 'permission denied for queue %',
            coalesce((select quote_ident(q.queue_name) from pgq.queue q where q.queue_id = i_queue_id), 'null')
            using errcode = 'TD009', detail = format('role: %s, missing right: %s', quote_ident(current_user), i_right),
            hint = format('Its owner can grant it: select pgtide.grant_queue(%L, %L, %L)',
                (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id), current_user, i_right);
    end if;
    return v_gate;
end;
$$;
