-- londiste.find_table_oid(tbl)
--
-- Returns: oid of the table with that global name (see londiste.find_rel_oid); null when there is none
-- Writes: nothing
create or replace function londiste.find_table_oid(tbl text) returns oid
language sql stable set search_path = pg_catalog, pg_temp as $$
    select londiste.find_rel_oid(tbl, 'r');
$$;
