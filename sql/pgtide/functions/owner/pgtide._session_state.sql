-- pgtide._session_state()
--
-- Computes a digest of the session's settings and prepared statements, for pgtide._session_leftovers. It includes the settings of
-- pgtide, which pg_settings does not show.
--
-- Returns: text
-- Writes: nothing
create or replace function pgtide._session_state()
returns text language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select md5(concat_ws(';',
        (select string_agg(concat_ws('=', s.name, s.setting), ',' order by s.name) from pg_settings s),
        (select string_agg(concat_ws('=', n, current_setting('pgtide.' || n, true)), ',' order by n)
         from unnest('{applying,max_event_bytes,nested,show_values,truncating}'::text[]) n),
        (select string_agg(p.name, ',' order by p.name) from pg_prepared_statements p)));
$$;
