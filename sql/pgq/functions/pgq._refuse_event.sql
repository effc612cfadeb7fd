-- pgq._refuse_event(i_queue_name)
--
-- Says why there is no queue to insert an event into.
--
-- Returns: never
-- Writes: nothing
-- Errors: TD001 the name is null; TD002 no such queue
create or replace function pgq._refuse_event(i_queue_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if i_queue_name is null then
        raise exception 'Queue name must not be NULL' using errcode = 'TD001';
    end if;
    raise exception 'No such queue: %', i_queue_name
        using errcode = 'TD002', hint = 'Create it with pgq.create_queue.';
end;
$$;
