-- pgtide.chunk_bounds(i_table, i_chunk_bytes, i_reader)
--
-- On the provider: finds where to cut a table into key ranges of about i_chunk_bytes.
--
-- Arguments: i_reader - as pgtide.table_reader returns it
-- Returns: setof text[], the values of the key's columns as text, in the key's order; no rows when one chunk is enough, or
--          there is no key to cut the table by
-- Writes: nothing
--
-- A key is of no use for this if reading its text could call functions of other roles (see pgtide._input_is_safe). A sample
-- of the table's blocks is read, about 20 blocks for each chunk, however large the table is.
create or replace function pgtide.chunk_bounds(i_table oid, i_chunk_bytes bigint, i_reader text)
returns setof text[] language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text[] := pgtide.table_key(i_table);
    v_blocks float8;
    v_chunks bigint;
    v_columns text;
    v_texts text;
    v_query text;
begin
    select sum(pg_relation_size(t)) / current_setting('block_size')::int, ceil(sum(pg_table_size(t)) / i_chunk_bytes::numeric)
    into v_blocks, v_chunks from pgtide.table_tree(i_table) t;
    if v_chunks <= 1 or v_key = '{}' or exists (
            select from pg_attribute a where a.attrelid = i_table and a.attname = any (v_key) and not pgtide._input_is_safe(a.atttypid)) then
        return;
    end if;
    select string_agg(quote_ident(k), ', ' order by nr), string_agg(pgtide._type_text(quote_ident(k), a.atttypid), ', ' order by nr)
    into v_columns, v_texts
    from unnest(v_key) with ordinality u (k, nr)
    join pg_attribute a on a.attrelid = i_table and a.attname = k;
    v_query := format(
        'select array[%2$s] from (
             select %1$s, row_number() over (order by %1$s) as nr, count(*) over () as rows
             from %3$s tablesample system (%4$s) repeatable (1)) s
         where rows >= %5$s and nr > 1 and floor((nr - 1) * %5$s / rows) <> floor((nr - 2) * %5$s / rows)
         order by nr',
        v_columns, v_texts, i_table::regclass, least(100, 100 * 20 * v_chunks / greatest(v_blocks, 1)), v_chunks);
    return query execute case when i_reader is null then v_query else format('select b from %s(%L) as r (b text[])', i_reader, v_query) end;
end;
$$;
