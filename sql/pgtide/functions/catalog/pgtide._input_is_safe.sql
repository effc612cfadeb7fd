-- pgtide._input_is_safe(i_type)
--
-- Returns whether a value of the type can be read from text by input functions alone.
--
-- Returns: bool, false if a domain is part of the type (as the type of an attribute, an element or a bound), and for an array or
--          a composite of a user's types to which a cast from text is defined
-- Writes: nothing
--
-- The checks of a domain may call functions of any role. If there is a cast from text, pgtide._text_as leaves the text as it is.
-- For a domain itself, its base type is judged: the value is to be read as that.
create or replace function pgtide._input_is_safe(i_type oid)
returns bool language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive part as (
        select pgtide._base_type(i_type) as oid
        union
        select n.oid
        from part p
        join pg_type t on t.oid = p.oid
        cross join lateral (
            select t.typelem where t.typelem <> 0
            union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid or (to_jsonb(r)->>'rngmultitypid')::oid = t.oid
            union all select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) n (oid)
    )
    select not exists (select from part p join pg_type t on t.oid = p.oid where t.typtype = 'd')
       and not exists (
           select from pg_type t join pg_cast c on c.casttarget = t.oid and c.castsource = 'text'::regtype
           where t.oid = pgtide._base_type(i_type) and t.oid >= 16384 and (t.typtype = 'c' or t.typcategory = 'A' and t.typlen = -1));
$$;
