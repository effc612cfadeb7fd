-- pgtide._grant_to_owner(i_temp, i_tables)
--
-- Lets the owners of tables read and fill a temporary table of ours, or read a temporary view, if the tables are written as their owners
-- (pgtide.table_runner).
--
-- Arguments: i_temp - the temporary table, unqualified
-- Returns: nothing
-- Writes: the temporary table's access list
--
-- The temporary table may hold nothing but rows of these tables.
create or replace function pgtide._grant_to_owner(i_temp text, variadic i_tables oid[])
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner name;
    -- A view reads a table of ours.
    v_rights constant text := (
        select case c.relkind when 'v' then 'select' else 'select, insert' end from pg_class c where c.oid = to_regclass('pg_temp.' || quote_ident(i_temp)));
begin
    foreach v_owner in array array(
        select distinct r.rolname from pg_class c join pg_roles r on r.oid = c.relowner
        where c.oid = any (i_tables) and not r.rolsuper and r.rolname <> current_user) loop
        execute format('grant %s on pg_temp.%I to %I', v_rights, i_temp, v_owner);
    end loop;
end;
$$;
