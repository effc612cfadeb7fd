-- pgtide._capture_version()
--
-- A mark of the way in which captures are written now: it changes when another version of the functions that write them is
-- installed.
--
-- Returns: text
-- Writes: nothing
create or replace function pgtide._capture_version()
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select md5(string_agg(p.prosrc, '' order by p.proname))
    from pg_proc p
    where p.pronamespace = 'pgtide'::regnamespace
      and p.proname in ('_capture_function', '_capture_branches', '_capture_row_function', 'capture_statement', 'capture_check', '_look_mode',
                        '_capture_columns', 'key_match', '_pinned_settings', '_look_query', 'shape_tag', 'stored_type', '_collate_clause',
                        '_url_expression', '_type_text', '_base_type', '_row_columns', '_row_statements', '_row_table', '_changed_rows');
$$;
