-- pgtide.has_rows(i_table) returns bool
--
-- Whether the table has a row, as this role sees it, or, of another role's table, as its owner does.
create or replace function pgtide.has_rows(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select pgtide.run(pgtide.table_runner(i_table), format('select from %s limit 1', i_table::regclass)) > 0;
$$;
