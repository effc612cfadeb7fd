-- pgtide.stored_type(i_type, i_typmod)
--
-- On either side: describes the values that a column of a type can hold.
--
-- Returns: jsonb, a text (a type's name with its modifier), or {"array": type}, or {"row": [[name, type]..]}
-- Writes: nothing
--
-- A domain is described by its base type. An extension's type is "extension:type", whichever schema the extension is in.
-- Each enum is "enum", because a value that one lacks is an error and never another value. lib/value-fit.ts decides whether
-- one type keeps the values of another.
create or replace function pgtide.stored_type(i_type oid, i_typmod int)
returns jsonb language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type pg_type;
    v_extension text;
begin
    select * into strict v_type from pg_type where oid = i_type;
    if v_type.typtype = 'd' then
        return pgtide.stored_type(v_type.typbasetype, v_type.typtypmod);
    elsif v_type.typelem <> 0 and v_type.typlen = -1 and v_type.typcategory = 'A' then
        return jsonb_build_object('array', pgtide.stored_type(v_type.typelem, i_typmod));
    elsif v_type.typtype = 'e' then
        return to_jsonb('enum'::text);
    elsif v_type.typtype = 'c' then
        return (
            select jsonb_build_object('row', coalesce(jsonb_agg(jsonb_build_array(a.attname, pgtide.stored_type(a.atttypid, a.atttypmod))
                                                                order by a.attnum), '[]'))
            from pg_attribute a where a.attrelid = v_type.typrelid and a.attnum > 0 and not a.attisdropped);
    elsif v_type.typtype = 'r' and i_type >= 16384 then
        return (
            select to_jsonb(format('range of %s%s', pgtide.stored_type(r.rngsubtype, -1),
                                   coalesce(', ' || nullif(r.rngcanonical::oid, 0)::regprocedure::text, '')))
            from pg_range r where r.rngtypid = i_type);
    end if;
    if i_type >= 16384 then
        select x.extname into v_extension from pg_depend d join pg_extension x on x.oid = d.refobjid
        where d.classid = 'pg_type'::regclass and d.objid = i_type and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e';
    end if;
    return to_jsonb(case when v_extension is null then format_type(i_type, i_typmod)
        else format('%s:%s%s', v_extension, v_type.typname, substring(format_type(i_type, i_typmod) from '\([^"]*\)$')) end);
end;
$$;
