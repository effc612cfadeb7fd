-- pgtide.capture_version() returns text
--
-- A mark of how captures are written now: it changes when another version of the functions that write them is installed.
create or replace function pgtide.capture_version()
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select md5(string_agg(p.prosrc, '' order by p.proname))
    from pg_proc p
    where p.pronamespace = 'pgtide'::regnamespace
      and p.proname in ('capture_function', 'capture_row_function', 'capture_statement', 'capture_check', 'capture_way', 'capture_columns',
                        'key_match', 'pinned_settings', 'look_query', 'shape_tag', 'stored_type', 'collate_clause', 'url_expression',
                        'type_text', 'base_type');
$$;
