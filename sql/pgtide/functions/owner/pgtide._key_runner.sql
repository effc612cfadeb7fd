-- pgtide._key_runner(i_table, i_other) returns text
--
-- As whom a foreign key from i_table to i_other is added or validated, for pgtide.run: the owner of i_table, as pgtide.table_runner has it. The
-- query that compares the rows is run as whoever alters the table. Raises TD007 where that would be this role, and i_other is another
-- one's.
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
