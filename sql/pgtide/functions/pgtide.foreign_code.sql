-- pgtide.foreign_code(i_table) returns text
--
-- Code of another role that PostgreSQL may run when a query on the table is planned, whoever plans it: a function in the condition or an
-- expression of an index, in a check constraint, in extended statistics or in a partition key (what is constant is computed then), or
-- a policy of row security, also where there is none yet: it hides all rows then, and sessions that pin row_security fail.
-- NULL: there is none. Superusers and the owner of schema pgtide, as whom captures run, are trusted: they have nothing to gain.
-- Volatile: it reads what is committed now, whatever statement asks.
create or replace function pgtide.foreign_code(i_table oid)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Most tables have none of all that, and a writer in REPEATABLE READ asks at each statement.
    if not exists (select from pg_class c
                   where c.oid = i_table and (c.relkind <> 'r' or c.relhassubclass or c.relrowsecurity or c.relchecks > 0
                       or c.relispartition and exists (select from pg_partitioned_table p where p.partexprs is not null)))
            and not exists (select from pg_index i where i.indrelid = i_table and (i.indexprs is not null or i.indpred is not null))
            and not exists (select from pg_statistic_ext s where s.stxrelid = i_table) then
        return null;
    end if;
    return (
        with recursive tree as (
            select i_table as oid union select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid
        ), above as (
            select i_table as oid union select i.inhparent from above a join pg_inherits i on i.inhrelid = a.oid
        ), trees as (
            select c.oid, c.relrowsecurity, c.relowner, c.relforcerowsecurity from tree t join pg_class c on c.oid = t.oid
        ), parts as (
            select 'pg_class'::regclass as classid, i.indexrelid as objid from trees t join pg_index i on i.indrelid = t.oid
            where i.indexprs is not null or i.indpred is not null
            union all
            select 'pg_constraint'::regclass, k.oid from trees t join pg_constraint k on k.conrelid = t.oid where k.contype = 'c'
            union all
            select 'pg_statistic_ext'::regclass, s.oid from trees t join pg_statistic_ext s on s.stxrelid = t.oid
            union all
            select 'pg_class'::regclass, p.partrelid from pg_partitioned_table p
            where p.partexprs is not null and p.partrelid in (select t.oid from trees t union all select a.oid from above a)
        ), us as (
            select r.oid, r.rolsuper or r.rolbypassrls as sees_all
            from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'pgtide'
        ), found as (
            select 'function ' || p.oid::regprocedure as code
            from parts
            join pg_depend d on d.classid = parts.classid and d.objid = parts.objid and d.refobjid >= 16384
            left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
            join pg_proc p on p.oid = case d.refclassid when 'pg_proc'::regclass then d.refobjid else o.oprcode::oid end
            join pg_roles r on r.oid = p.proowner
            where not r.rolsuper and p.proowner <> (select oid from us)
            union all
            -- A function of PostgreSQL's own that is inlined, as anynonarray || text, calls a cast of its argument's type.
            select 'function ' || p.oid::regprocedure
            from parts
            join pg_depend d on d.classid = parts.classid and d.objid = parts.objid and d.refclassid = 'pg_type'::regclass and d.refobjid >= 16384
            join pg_type y on y.oid = d.refobjid
            join pg_cast k on y.oid in (k.castsource, k.casttarget) or y.typelem in (k.castsource, k.casttarget)
                or y.typbasetype in (k.castsource, k.casttarget)
            join pg_proc p on p.oid = k.castfunc
            join pg_roles r on r.oid = p.proowner
            where not r.rolsuper and p.proowner <> (select oid from us)
            union all
            select coalesce('policy ' || quote_ident(p.polname), 'row security')
            from trees t left join pg_policy p on p.polrelid = t.oid cross join us
            where t.relrowsecurity and not us.sees_all and (t.relforcerowsecurity or not pg_has_role(us.oid, t.relowner, 'USAGE'))
        )
        select code from found order by code limit 1);
end;
$$;
