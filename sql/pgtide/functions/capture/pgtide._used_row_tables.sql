-- pgtide._used_row_tables(i_queue_id)
--
-- The row tables into which the captures of a queue write, as the functions say at their beginning (pgtide._capture_function).
--
-- Returns: setof text, names without the number of the event table, quoted; no rows if there are none
-- Writes: nothing
--
-- Volatile: it reads what is committed now.
create or replace function pgtide._used_row_tables(i_queue_id int)
returns setof text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select u.name
        from pg_proc p
        cross join lateral substring(substring(p.prosrc for 1000) from ' rows (pgq\.rows_\d+_\d+) \.') u (name)
        where p.pronamespace = 'pgtide'::regnamespace and p.proname >= format('capture_%s_', i_queue_id)::name
          and p.proname < format('capture_%s`', i_queue_id)::name and u.name is not null;
end;
$$;
