-- pgtide._capture_reader(i_table)
--
-- As which role captures look into a table on the provider, to settle the order of events (pgtide.capture_check,
-- pgtide.merge_nested) and to read a partition that is truncated.
--
-- Returns: oid
--              0     no other role: the table and its partitions belong to the owner of schema pgtide or to superusers, and have no code of others
--              role  the owner of the table and its partitions, who may read it
--              null  it is not looked into: it has partitions of several owners, row security that is forced, or code of others in a
--                    table of ours, or its owner may not read it
-- Writes: nothing
--
-- PostgreSQL computes constant calls in indexes, checks, statistics and partition keys when it plans a query, with the rights of
-- the role that queries, and a table's owner can add some at any time. So a table of another role is looked into as that role
-- (pgtide.capture_look).
--
-- Volatile: in READ COMMITTED it reads what is committed now, whatever statement asks. In other isolation levels see
-- pgtide._refuse_old_tree.
create or replace function pgtide._capture_reader(i_table oid)
returns oid language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_class record;
    v_owners oid[] := '{}';
    v_forced bool;
begin
    select c.relowner, c.relnamespace, c.relowner = n.nspowner and c.relkind = 'r' and not c.relhassubclass as is_ours
    into v_class from pg_class c, pg_namespace n where c.oid = i_table and n.nspname = 'pgtide';
    -- The usual case skips this query, because a writer in REPEATABLE READ asks at each statement.
    if not v_class.is_ours then
        with recursive tree as (
            select i_table as oid union select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid
        )
        select array_agg(distinct c.relowner) filter (where not r.rolsuper and n.nspowner <> r.oid), bool_or(c.relforcerowsecurity)
        into v_owners, v_forced
        from tree t cross join lateral (select x.relowner, x.relforcerowsecurity from pg_class x where x.oid = t.oid offset 0) c
        join pg_roles r on r.oid = c.relowner join pg_namespace n on n.nspname = 'pgtide';
    end if;
    return case
        when coalesce(v_owners, '{}') = '{}' then case when pgtide.foreign_code(i_table) is null then 0 end
        when v_owners = array[v_class.relowner] and not v_forced and has_table_privilege(v_class.relowner, i_table, 'SELECT')
            and has_schema_privilege(v_class.relowner, v_class.relnamespace, 'USAGE') then v_class.relowner
        end;
end;
$$;
