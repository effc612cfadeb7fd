-- pgtide._type_operator(i_type, i_operator) returns text
--
-- How an ordering operator of a type's default btree operator class is written under a search_path of pg_catalog alone. That of an
-- extension's type (citext, hstore, ltree) lies in the extension's schema; by its bare name another would be found, or none.
--   i_operator  < <= = >= or >
create or replace function pgtide._type_operator(i_type oid, i_operator text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce((
        select format('operator(%I.%s)', n.nspname, o.oprname)
        from pg_opclass c
        join pg_am a on a.oid = c.opcmethod and a.amname = 'btree'
        join pg_amop m on m.amopfamily = c.opcfamily and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
            and m.amopstrategy = array_position('{<,<=,=,>=,>}', i_operator)
        join pg_operator o on o.oid = m.amopopr
        join pg_namespace n on n.oid = o.oprnamespace
        where c.opcdefault and c.opcintype = pgtide._base_type(i_type) and n.nspname <> 'pg_catalog'), i_operator);
$$;
