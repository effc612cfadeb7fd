-- pgtide.calling_tables(i_function) returns setof oid
--
-- The tables whose triggers call a function, once for each trigger. By the index of what is referred to (offset 0): the planner may
-- take the one of what refers for as good, which reads the dependencies of all triggers.
create or replace function pgtide.calling_tables(i_function oid)
returns setof oid language plpgsql stable rows 5
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select g.tgrelid
        from (select d.classid, d.objid from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = i_function offset 0) d
        cross join lateral (select t.tgrelid from pg_trigger t where t.oid = d.objid offset 0) g
        where d.classid = 'pg_trigger'::regclass;
end;
$$;
