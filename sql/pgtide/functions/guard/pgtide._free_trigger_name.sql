-- pgtide._free_trigger_name(i_table, i_name)
--
-- A name for a trigger of pgtide on a table.
--
-- Returns: name, i_name; with a number after it if another trigger of the table has that name
-- Writes: nothing
create or replace function pgtide._free_trigger_name(i_table oid, i_name name)
returns name language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select f.name
    from generate_series(1, 1 + (select count(*) from pg_trigger g where g.tgrelid = i_table)) nr
    cross join lateral (select case nr when 1 then i_name else (i_name || '_' || nr)::name end as name) f
    where not exists (select from pg_trigger g where g.tgrelid = i_table and g.tgname = f.name)
    order by nr limit 1;
$$;
