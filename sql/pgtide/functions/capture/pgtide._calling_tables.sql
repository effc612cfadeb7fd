-- pgtide._calling_tables(i_function)
--
-- Lists the tables whose triggers call a function.
--
-- Returns: setof oid, a table once for each such trigger; no rows if there are none
-- Writes: nothing
--
-- OFFSET 0 makes the planner use the index on the referenced objects: by the other one the query would read the dependencies of
-- every trigger.
create or replace function pgtide._calling_tables(i_function oid)
returns setof oid language plpgsql stable rows 5
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
    return query
        select g.tgrelid
        from (select d.classid, d.objid from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = i_function offset 0) d
        cross join lateral (select t.tgrelid from pg_trigger t where t.oid = d.objid offset 0) g
        where d.classid = 'pg_trigger'::regclass;
end;
$$;
