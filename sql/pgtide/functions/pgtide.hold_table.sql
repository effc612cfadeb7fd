-- pgtide.hold_table(i_table [, i_mode]) returns void
--
-- For a table that this role reads or writes itself, before a statement that names it. Where its schema belongs to another role, which is no
-- superuser, that role can drop the table and put one of its own, or a view, in its place between a look at the table and the statement, and
-- the statement would run its code as this role. So the table is locked until the transaction ends, and must have its name then.
--   i_mode  the lock, as in LOCK TABLE; 'access share' by default
-- Whoever may also create schemas can rename the schema in the instant that is left; no lock prevents that.
-- Raises TD004 where the table is not there any more under its name.
create or replace function pgtide.hold_table(i_table oid, i_mode text default 'access share')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
    v_foreign bool;
begin
    select format('%I.%I', n.nspname, c.relname), not r.rolsuper and r.rolname <> current_user into v_name, v_foreign
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_roles o on o.oid = n.nspowner
    join pg_database d on d.datname = current_database()
    join pg_roles r on r.oid = case when o.rolname = 'pg_database_owner' then d.datdba else n.nspowner end
    where c.oid = i_table;
    if v_foreign then
        execute format('lock table only %s in %s mode', v_name, i_mode);
    end if;
    if to_regclass(v_name) is distinct from i_table then
        raise exception 'table % was dropped or replaced meanwhile', coalesce(v_name, i_table::text) using errcode = 'TD004',
            hint = 'alter schema ... owner to ...: whoever owns the schema of a table can drop it';
    end if;
end;
$$;
