-- pgtide.set_aside(i_queue, i_table, i_error)
--
-- On the subscriber: takes a table that cannot be applied out of replay, with the reason; the others go on. Its events are
-- skipped until it is copied again (pgtide.reset_copy).
--
-- Arguments: i_error - the reason, which status shows
-- Returns: nothing
-- Writes: pgtide.table_state, pgtide.parked_event
create or replace function pgtide.set_aside(i_queue text, i_table text, i_error text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into pgtide.table_state as s (queue_name, table_name, phase, error, error_time)
    values (i_queue, i_table, 'ok', i_error, now())
    on conflict (queue_name, table_name) do update set error = i_error, error_time = now();
    delete from pgtide.parked_event where queue_name = i_queue and table_name = i_table;
end;
$$;
