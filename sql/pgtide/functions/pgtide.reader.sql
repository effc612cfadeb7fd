-- pgtide.reader(i_table [, i_other]) returns text
--
-- As whom a query on the table is run, or on both tables, for pgtide.run: to plan it may run code of another role (pgtide.foreign_code). Then
-- as the owner of i_table; otherwise NULL, as this role. To validate a foreign key is such a query, too.
create or replace function pgtide.reader(i_table oid, i_other oid default null)
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
