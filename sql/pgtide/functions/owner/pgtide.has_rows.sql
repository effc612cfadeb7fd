-- pgtide.has_rows(i_table)
--
-- Returns whether a table has a row, as this role sees it or, if the table belongs to another role, as its owner does.
--
-- Returns: bool
-- Writes: as pgtide.table_runner
-- Errors: as pgtide.table_runner, pgtide.run
create or replace function pgtide.has_rows(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select pgtide.run(pgtide.table_runner(i_table), format('select from %s limit 1', i_table::regclass)) > 0;
$$;
