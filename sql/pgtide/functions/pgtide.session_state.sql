-- pgtide.session_state() returns text
--
-- A digest of the session's settings, and of the temporary tables that this role has in it. For pgtide.left_behind.
create or replace function pgtide.session_state()
returns text language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select md5(concat_ws(';',
        (select string_agg(concat_ws('=', s.name, s.setting), ',' order by s.name) from pg_settings s),
        (select string_agg(c.oid::text, ',' order by c.oid) from pg_class c join pg_roles r on r.oid = c.relowner
         where c.relnamespace = pg_my_temp_schema() and c.relkind in ('r', 'v') and r.rolname = current_user)));
$$;
