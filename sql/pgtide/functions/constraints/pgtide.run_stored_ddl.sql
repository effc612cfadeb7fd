-- pgtide.run_stored_ddl(i_sql, i_path [, i_runner])
--
-- Runs definitions that were stored earlier.
--
-- Arguments: i_path - the search_path under which the definitions were read, null: pg_catalog alone; i_runner - the function
--            as which they run, under pg_catalog alone (pgtide.run), null: they run as this role
-- Returns: nothing
-- Writes: as the definitions say
-- Errors: those of the last attempt; as pgtide.run
--
-- Definitions that pgtide stores are read under a search_path of pg_catalog alone, so each name in them is qualified, and
-- that path comes first. Two kinds of definitions need another path:
--   - Londiste stored it, under its session's path: names that were visible there have no schema. Under pg_catalog alone an
--     operator could even be another one, so the path of the session that stored it (i_path) comes first.
--   - An index whose function finds what it calls by the session's path.
-- So if a name is not found, they run again under the path with which the session began. If i_path begins with pg_catalog,
-- the caller is one of our functions, which has not stored them: then the session's path comes first, and i_path second.
create or replace function pgtide.run_stored_ddl(i_sql text, i_path text, i_runner text default null)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_begun text := (select reset_val from pg_settings where name = 'search_path');
    v_first text := coalesce(i_path, 'pg_catalog, pg_temp');
    v_second text := v_begun;
begin
    if i_runner is not null then
        perform pgtide.run(i_runner, i_sql);
        return;
    end if;
    -- With this path the caller is a function of ours, and did not store the statements.
    if i_path like 'pg_catalog%' then
        v_first := v_begun;
        v_second := i_path;
    end if;
    begin
        perform set_config('search_path', v_first, true);
        execute i_sql;
    exception when undefined_function or undefined_table or undefined_object or undefined_column or invalid_schema_name then
        perform set_config('search_path', v_second, true);
        execute i_sql;
    end;
end;
$$;
