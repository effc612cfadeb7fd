-- pgtide._capture_made_for(i_queue_id, i_table, i_root)
--
-- The part of a capture function's text that says what the function was made for: the OIDs that it contains. They are others
-- after a restore from a dump, and if a table is dropped and created again. See pgtide.capture_shape for the rest.
--
-- Returns: text, for example: for 16500 16500 into 16410 16415 16420 .
-- Writes: nothing
create or replace function pgtide._capture_made_for(i_queue_id int, i_table oid, i_root oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select concat_ws(' ', 'for', i_table, i_root, 'into',
            (select string_agg(coalesce(to_regclass(format('%s_%s', q.queue_data_pfx, nr))::oid::text, '-'), ' ' order by nr)
             from pgq.queue q, generate_series(0, q.queue_ntables - 1) nr where q.queue_id = i_queue_id), '.'));
end;
$$;
