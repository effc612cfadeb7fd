-- pgtide.key_runner(i_table, i_other) returns text
--
-- As whom a foreign key from i_table to i_other is validated, for pgtide.run: the query that compares their rows runs as whoever alters the
-- table, and to plan it may run code of the tables' owners (pgtide.foreign_code). Then it is the table's owner; otherwise NULL, this role.
create or replace function pgtide.key_runner(i_table oid, i_other oid)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if pgtide.foreign_code(i_table) is null and pgtide.foreign_code(i_other) is null then
        return null;
    end if;
    return (
        select pgtide.owner_runner(r.oid) from pg_class c join pg_roles r on r.oid = c.relowner
        where c.oid = i_table and not r.rolsuper and r.rolname <> current_user);
end;
$$;
