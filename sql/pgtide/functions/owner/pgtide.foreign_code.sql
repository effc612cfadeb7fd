-- pgtide.foreign_code(i_table)
--
-- Finds code of another role that PostgreSQL may run when a query on the table is planned, whichever role plans it.
--
-- Returns: text, the function or policy; null when there is none
-- Writes: nothing
--
-- Such code is a function in the condition or an expression of an index, in a check constraint, in extended statistics or in
-- a partition key, since constant calls are computed during planning; or a policy of row security. Row security without a
-- policy counts too: it hides all rows, and sessions that pin row_security fail.
--
-- Superusers and the owner of schema pgtide, as whom captures run, are trusted: they have nothing to gain. It is volatile,
-- so that it reads what is committed now, whichever statement calls it.
create or replace function pgtide.foreign_code(i_table oid)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_functions oid[];
    v_operators oid[];
    v_types oid[];
    v_secured oid[];
begin
    -- Most tables have none of these, and a writer in REPEATABLE READ asks at each statement.
    if not exists (select from pg_class c
                   where c.oid = i_table and (c.relkind <> 'r' or c.relhassubclass or c.relrowsecurity or c.relchecks > 0
                       or c.relispartition and exists (select from pg_partitioned_table p where p.partexprs is not null)))
            and not exists (select from pg_index i where i.indrelid = i_table and (i.indexprs is not null or i.indpred is not null))
            and not exists (select from pg_statistic_ext s where s.stxrelid = i_table) then
        return null;
    end if;
    -- A capture calls this at each DELETE that names a partitioned table. Most trees depend on their own objects alone.
    -- Nothing else is then looked up, part by part (offset 0), whatever statistics the catalogs have.
    with recursive tree as (
        select i_table as oid union select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid
    ), above as (
        select i_table as oid union select i.inhparent from above a join pg_inherits i on i.inhrelid = a.oid
    ), parts as (
        select 'pg_class'::regclass as classid, i.indexrelid as objid
        from tree t cross join lateral (select x.indexrelid from pg_index x
                                        where x.indrelid = t.oid and (x.indexprs is not null or x.indpred is not null) offset 0) i
        union all
        select 'pg_constraint'::regclass, k.oid
        from tree t cross join lateral (select x.oid from pg_constraint x where x.conrelid = t.oid and x.contype = 'c' offset 0) k
        union all
        select 'pg_statistic_ext'::regclass, s.oid from tree t join pg_statistic_ext s on s.stxrelid = t.oid
        union all
        select 'pg_class'::regclass, p.partrelid from pg_partitioned_table p
        where p.partexprs is not null and p.partrelid in (select t.oid from tree t union all select a.oid from above a)
    )
    select array_agg(d.refobjid) filter (where d.refclassid = 'pg_proc'::regclass),
           array_agg(d.refobjid) filter (where d.refclassid = 'pg_operator'::regclass),
           array_agg(d.refobjid) filter (where d.refclassid = 'pg_type'::regclass),
           (select array_agg(t.oid) from tree t where (select c.relrowsecurity from pg_class c where c.oid = t.oid))
    into v_functions, v_operators, v_types, v_secured
    from parts
    cross join lateral (select d.refclassid, d.refobjid from pg_depend d
                        where d.classid = parts.classid and d.objid = parts.objid and d.refobjid >= 16384 offset 0) d;
    if v_functions is null and v_operators is null and v_types is null and v_secured is null then
        return null;
    end if;
    v_functions := v_functions || array(select o.oprcode::oid from pg_operator o where o.oid = any (v_operators));
    v_types := array(select unnest(array[y.oid, y.typelem, y.typbasetype]) from pg_type y where y.oid = any (v_types));
    return (
        with us as (
            select r.oid, r.rolsuper or r.rolbypassrls as sees_all
            from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'pgtide'
        ), found as (
            select 'function ' || p.oid::regprocedure as code
            from pg_proc p join pg_roles r on r.oid = p.proowner
            where p.oid = any (v_functions
                -- A function of PostgreSQL's own that is inlined, such as anynonarray || text, calls a cast of its argument's type.
                || array(select k.castfunc from pg_cast k where k.castsource = any (v_types) or k.casttarget = any (v_types)))
              and not r.rolsuper and p.proowner <> (select oid from us)
            union all
            select coalesce('policy ' || quote_ident(p.polname), 'row security')
            from pg_class c left join pg_policy p on p.polrelid = c.oid cross join us
            where c.oid = any (v_secured) and not us.sees_all and (c.relforcerowsecurity or not pg_has_role(us.oid, c.relowner, 'USAGE'))
        )
        select code from found order by code limit 1);
end;
$$;
