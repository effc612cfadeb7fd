-- londiste.table_info_trigger()
--
-- Trigger before a row of londiste.table_info goes: takes the queue's triggers off that table.
--
-- Returns: the old row
-- Writes: triggers on the table
create or replace function londiste.table_info_trigger() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if old.local then
        perform londiste.drop_table_triggers(old.queue_name, old.table_name);
    end if;
    return old;
end;
$$;
