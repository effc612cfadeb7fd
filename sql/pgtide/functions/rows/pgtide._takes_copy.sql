-- pgtide._takes_copy(i_table)
--
-- On the subscriber, in replica mode: whether COPY into a table does what INSERT does there, nothing can put another table in its place, and its
-- rows are no other table's.
--
-- Returns: bool, false if
--            it, or a partition of it, belongs to another role, not a superuser: its code must not run with the rights of this role
--            its schema does: it could be renamed before the COPY, and whoever owns it could create another table of this name
--            it is not there, or is not a table
--            it is a partition or child, or has children: its rows are also found under another name
--            it has rules, which COPY ignores
--            a trigger of it fires, or a check calls a function of users: COPY writes rows late, many at once, so the function would not see
--              those before its own
--            a constraint of it may be checked later than the statement: nothing could be done about a failure any more
-- Writes: nothing
create or replace function pgtide._takes_copy(i_table oid)
returns bool language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree as (
        select i_table as oid union select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid
    ), types as (
        select a.atttypid as oid from tree t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384
        union
        select u.oid from types t join pg_type y on y.oid = t.oid cross join unnest(array[y.typbasetype, y.typelem]) u (oid) where u.oid >= 16384
    )
    select pgtide.foreign_owners(i_table) = '{}' and pgtide._in_foreign_schema(i_table) is false
        and not exists (select from pg_inherits i where i.inhrelid = i_table)
        and not exists (
            select from tree t left join pg_class c on c.oid = t.oid
            where c.relkind in ('r', 'p') is not true or c.relhasrules or c.relkind = 'r' and exists (select from pg_inherits i where i.inhparent = t.oid)
               or exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgenabled in ('A', 'R'))
               or exists (select from pg_constraint k where k.conrelid = t.oid and k.condeferrable and k.contype <> 'f'))
        and not exists (
            select from pg_constraint k join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid and d.refclassid = 'pg_proc'::regclass
            where k.contype = 'c' and (k.conrelid in (select t.oid from tree t) or k.contypid in (select t.oid from types t)));
$$;
