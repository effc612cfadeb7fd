-- pgtide._grant_to_owner(i_temp, i_tables)
--
-- Lets the owners of tables read and fill a temporary table of ours, if the tables are written as their owners
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
begin
    foreach v_owner in array array(
        select distinct r.rolname from pg_class c join pg_roles r on r.oid = c.relowner
        where c.oid = any (i_tables) and not r.rolsuper and r.rolname <> current_user) loop
        execute format('grant select, insert on pg_temp.%I to %I', i_temp, v_owner);
    end loop;
end;
$$;
