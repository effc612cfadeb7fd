-- pgtide._calling_tables(i_function) returns setof oid
--
-- The tables whose triggers call a function, once for each trigger. OFFSET 0 keeps to the index on what is referred to: by the other one
-- the query would read the dependencies of every trigger.
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
