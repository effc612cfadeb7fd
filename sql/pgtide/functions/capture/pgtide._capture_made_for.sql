-- pgtide._capture_made_for(i_queue_id, i_table, i_root) returns text
--
-- What a capture function says of what it was made for: the OIDs that are in its text. They are others after a restore from a
-- dump, and when a table is dropped and created again. See pgtide.capture_shape for the rest.
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
