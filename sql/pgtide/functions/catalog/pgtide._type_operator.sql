-- pgtide._type_operator(i_type, i_operator)
--
-- How to write an ordering operator of a type's default btree operator class under a search_path of pg_catalog alone.
--
-- Arguments: i_operator - < <= = >= or >
-- Returns: text, OPERATOR(schema.name); i_operator itself if the operator is in pg_catalog, or the type has no such class
-- Writes: nothing
--
-- The operators of an extension's type (citext, hstore, ltree) are in the extension's schema; by the bare name another operator
-- would be found, or none.
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
