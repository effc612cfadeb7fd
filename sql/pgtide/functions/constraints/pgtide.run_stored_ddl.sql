-- pgtide.run_stored_ddl(i_sql, i_path [, i_runner]) returns void
--
-- Runs definitions that were stored earlier. What we store is read under a search_path of pg_catalog alone, so each name in it is
-- qualified, and that path comes first. Two kinds of definitions need another one:
--     stored by Londiste, which reads them under its session's path: names that were visible there have no schema. Under
--     pg_catalog alone an operator could even be another one, so the path of whoever stored them comes first (i_path);
--     an index whose function finds what it calls by the session's path.
-- So where a name is not found, they run again under the path with which the session has begun.
--   i_path    the path that the definitions were read under; NULL: pg_catalog alone
--   i_runner  as whom they run, under pg_catalog alone (pgtide.run); NULL: as this role
-- Errors: those of the last attempt.
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
    -- The caller is one of ours then, which has not stored them.
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
