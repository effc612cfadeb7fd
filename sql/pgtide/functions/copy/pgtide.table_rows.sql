-- pgtide.table_rows(i_table)
--
-- On the provider: estimates the number of rows of a table by its statistics or, if these are missing, by its size.
--
-- Returns: bigint; 0 when it is empty or not there
-- Writes: nothing
create or replace function pgtide.table_rows(i_table oid)
returns bigint language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sum(case
        when c.reltuples > 0 and c.relpages > 0
            then c.reltuples::float8 / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int)
        -- Never analyzed: assumes a hundred bytes a row.
        else pg_relation_size(c.oid) / 100 end), 0)::bigint
    from pgtide.table_tree(i_table) t join pg_class c on c.oid = t and c.relkind = 'r';
$$;
