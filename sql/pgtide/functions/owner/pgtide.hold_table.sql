-- pgtide.hold_table(i_table [, i_name])
--
-- Holds a table that this role reads or writes itself, before a statement that names it.
--
-- Arguments: i_name - quoted, as in the statement; null: the statement gets the name from i_table afterwards
-- Returns: nothing
-- Writes: nothing; it locks the table in ACCESS SHARE mode, if its schema belongs to another role
-- Errors: TD004 the table is not there any more under its name
--
-- If the table's schema belongs to another role, which is not a superuser, that role can drop the table between a look at it
-- and the statement, and put one of its own tables, or a view, in its place. The statement would run that role's code as
-- this role. So the table is locked until the transaction ends, in the mode that excludes least, and must have its name
-- then. A role that may also create schemas can rename the schema in the instant that is left; no lock prevents that.
create or replace function pgtide.hold_table(i_table oid, i_name text default null)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := (
        select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table);
begin
    if pgtide._in_foreign_schema(i_table) then
        begin
            execute format('lock table only %s in access share mode', v_name);
        exception when undefined_table or invalid_schema_name or wrong_object_type then
            v_name := null;
        end;
    end if;
    if v_name is null or to_regclass(coalesce(i_name, v_name)) is distinct from i_table then
        raise exception 'table % was dropped or replaced meanwhile', coalesce(v_name, i_table::regclass::text) using errcode = 'TD004';
    end if;
end;
$$;
