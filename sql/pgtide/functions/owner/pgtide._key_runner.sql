-- pgtide._key_runner(i_table, i_other)
--
-- On the subscriber: determines as whom a foreign key from i_table to i_other is added or validated.
--
-- Returns: text, as pgtide.table_runner for i_table: a function for pgtide.run; null: this role itself
-- Writes: as pgtide.table_runner
-- Errors: TD007 this role would validate the key, and i_other belongs to another role; as pgtide.table_runner,
--         pgtide.hold_table
--
-- PostgreSQL runs the query that compares the rows as the role that alters the table.
create or replace function pgtide._key_runner(i_table oid, i_other oid)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_runner text := pgtide.table_runner(i_table);
begin
    if v_runner is null and pgtide.foreign_owners(i_other) <> '{}' then
        raise exception 'a foreign key of table % refers to a table of another role, %, whose code would have the rights of this one',
            pgtide.table_name(i_table), pgtide.table_name(i_other) using errcode = 'TD007',
            hint = 'add and validate it by hand, as a role that may';
    elsif v_runner is null then
        perform pgtide.hold_table(i_other);
    end if;
    return v_runner;
end;
$$;
