-- pgtide.plain_tree(i_tree) returns bool
--
-- Whether an expression, as the catalogs store it (pg_node_tree as text), runs nothing but what PostgreSQL itself brings, and what cannot
-- be made to run anything else: functions that are immutable, and the usual ones of a default. Among the others are such that run
-- any SQL that they are given (query_to_xml), or call casts (format, to_json). A node that is not known here is not plain.
create or replace function pgtide.plain_tree(i_tree text)
returns bool language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select not exists (
        select from regexp_matches(i_tree, '\{([A-Z_]+)', 'g') n (node)
        where n.node[1] not in (
            'VAR', 'CONST', 'FUNCEXPR', 'OPEXPR', 'DISTINCTEXPR', 'NULLIFEXPR', 'SCALARARRAYOPEXPR', 'BOOLEXPR', 'RELABELTYPE', 'COERCEVIAIO',
            'CASE', 'CASEEXPR', 'WHEN', 'CASEWHEN', 'CASETESTEXPR', 'ARRAY', 'ARRAYEXPR', 'COALESCE', 'COALESCEEXPR', 'MINMAX', 'MINMAXEXPR',
            'NULLTEST', 'BOOLEANTEST', 'SQLVALUEFUNCTION', 'NEXTVALUEEXPR', 'COLLATE', 'COLLATEEXPR')
    ) and not exists (
        select from regexp_matches(i_tree, ':(?:funcid|opfuncid) (\d+)', 'g') f (oid)
        left join pg_proc p on p.oid = f.oid[1]::oid
        where f.oid[1] <> '0' and (p.oid < 16384 and (p.provolatile = 'i' or p.oid in (
            'now()'::regprocedure, 'transaction_timestamp()'::regprocedure, 'statement_timestamp()'::regprocedure,
            'clock_timestamp()'::regprocedure, 'timeofday()'::regprocedure, 'random()'::regprocedure, 'nextval(regclass)'::regprocedure,
            to_regprocedure('gen_random_uuid()'), 'timezone(text,timestamptz)'::regprocedure))) is not true
    ) and not exists (
        select from regexp_matches(i_tree, ':opno (\d+)', 'g') o (oid)
        left join pg_operator q on q.oid = o.oid[1]::oid
        left join pg_proc p on p.oid = q.oprcode
        where (p.oid < 16384 and p.provolatile = 'i') is not true
    ) and not exists (
        -- A value made from text, of a type that may be anybody's.
        select from regexp_matches(i_tree, ':resulttype (\d+)', 'g') t (oid) where t.oid[1]::oid >= 16384);
$$;
