-- pgtide._text_as(i_value, i_type)
--
-- The SQL expression that turns a text into a value of a type, by the type's input function and never by a cast that a user has
-- defined: the expression may be run with the rights of pgtide.
--
-- Arguments: i_value - an SQL expression that is text; i_type - not a domain
-- Returns: text, SQL; i_value itself if its text must stay text
-- Writes: nothing
--
-- Only the owner of a type can define a cast to it, so the server's own types are cast as usual. So are arrays and composites of
-- a user's types as long as there is no such cast; otherwise their text stays text.
create or replace function pgtide._text_as(i_value text, i_type oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case
               when t.oid >= 16384 and not (t.typtype = 'c' or t.typcategory = 'A' and t.typlen = -1)
                   then format('(select v from json_to_record(json_build_object(''v'', %s)) r (v %s))', i_value, format_type(t.oid, -1))
               when t.oid >= 16384 and exists (select from pg_cast c where c.castsource = 'text'::regtype and c.casttarget = t.oid)
                   then i_value
               else format('(%s)::%s', i_value, format_type(t.oid, -1))
           end
    from pg_type t where t.oid = i_type;
$$;
