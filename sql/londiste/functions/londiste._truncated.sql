-- londiste._truncated()
--
-- Trigger: puts TRUNCATE of a table that is known under another name into its queue.
--
-- Arguments: queue; the table's global name
-- Returns: trigger, null
-- Writes: the queue's current event table
-- Errors: as pgq.insert_event
create or replace function londiste._truncated() returns trigger
language plpgsql as $$
begin
    if pg_catalog.current_setting('session_replication_role') <> 'local' then
        perform pgq.insert_event(tg_argv[0], 'R', '', tg_argv[1], null, null, null);
    end if;
    return null;
end;
$$;
