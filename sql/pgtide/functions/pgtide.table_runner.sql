-- pgtide.table_runner(i_table) returns text
--
-- On the subscriber: as whom rows of the table are written, for pgtide.run. NULL: as this role itself, because the table is its own or a
-- superuser's, or because no write to it runs any code (pgtide.runs_code). Otherwise as the owner (pgtide.owner_runner). Native replication
-- applies rows as the table's owner, too.
-- Locks a table that is somebody else's, so that the answer stays true: a partition is attached under a lock that only SHARE UPDATE EXCLUSIVE
-- keeps off. Elsewhere that mode would be in the way of vacuum, and is not needed: see pgtide.rows_of.
create or replace function pgtide.table_runner(i_table oid)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_owner constant oid := (
        select r.oid from pg_class c join pg_roles r on r.oid = c.relowner
        where c.oid = i_table and not r.rolsuper and r.rolname <> current_user);
    v_partitioned oid;
begin
    if c_owner is null then
        return null;
    end if;
    execute format('lock table %s in row exclusive mode', i_table::regclass);
    for v_partitioned in select t.oid from pgtide.table_tree(i_table) t (oid) join pg_class c on c.oid = t.oid and c.relkind = 'p' loop
        execute format('lock table only %s in share update exclusive mode', v_partitioned::regclass);
    end loop;
    if not pgtide.runs_code(i_table) then
        return null;
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = i_table) then
        raise exception 'table % has code of its owner, and row security that is forced upon it', pgtide.table_name(i_table) using errcode = 'TD004',
            hint = format('alter table %s no force row level security', pgtide.table_name(i_table));
    end if;
    return pgtide.owner_runner(c_owner);
end;
$$;
