-- pgtide.foreign_owners(i_table)
--
-- Lists the roles other than this one, without superusers, to whom the table or a partition or child of it belongs. Code
-- that these put there must not run with the rights of this role.
--
-- Returns: oid[]; empty when there are none
-- Writes: nothing
create or replace function pgtide.foreign_owners(i_table oid)
returns oid[] language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree as (
        select i_table as oid union select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid
    )
    select array(
        select distinct r.oid from tree t join pg_class c on c.oid = t.oid join pg_roles r on r.oid = c.relowner
        where not r.rolsuper and r.rolname <> current_user);
$$;
