-- pgtide.table_runner(i_table)
--
-- On the subscriber: determines as whom a table is written and read, for pgtide.run.
--
-- Returns: text, a function (pgtide.owner_runner); null: this role itself, because the table is its own or a superuser's
-- Writes: as pgtide.owner_runner; it locks the table as pgtide.hold_table does, if this role writes it itself
-- Errors: TD004 a partition or child belongs to another role than the table, or row security is forced upon its owner; as
--         pgtide.owner_runner, pgtide.hold_table
--
-- A table of another role is written as its owner, as native replication does: its checks, defaults, indexes, triggers,
-- rules and types may run any code. Whether they do is not asked, because that can change at any time.
--
-- From this follows a rule: a statement that this role runs itself names no table of another owner, and reads, compares or
-- casts no value of a type that is not PostgreSQL's own, except values of tables that this role may write itself.
create or replace function pgtide.table_runner(i_table oid)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owners oid[] := pgtide.foreign_owners(i_table);
    v_class record;
begin
    if v_owners = '{}' then
        perform pgtide.hold_table(i_table);
        return null;
    end if;
    select c.relowner, c.relforcerowsecurity, pgtide.table_name(i_table) as name into v_class from pg_class c where c.oid = i_table;
    if v_owners <> array[v_class.relowner] then
        raise exception 'partitions or children of table % belong to another role than it does', v_class.name using errcode = 'TD004',
            hint = 'give them one owner: alter table ... owner to ...';
    elsif v_class.relforcerowsecurity then
        raise exception 'table % belongs to another role, and row security is forced upon it', v_class.name using errcode = 'TD004',
            hint = format('alter table %s no force row level security', v_class.name);
    end if;
    return pgtide.owner_runner(v_class.relowner);
end;
$$;
