-- pgtide.rows_of(i_table) returns text
--
-- The table in FROM, UPDATE, DELETE and TRUNCATE: with ONLY where nothing inherits from it. So nothing can that comes while it is written: a
-- table that begins to inherit does not wait for such a write's lock, and may have triggers of its own (pgtide.table_runner).
create or replace function pgtide.rows_of(i_table oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when c.relkind = 'r' and not c.relhassubclass then 'only ' else '' end || i_table::regclass from pg_class c where c.oid = i_table;
$$;
