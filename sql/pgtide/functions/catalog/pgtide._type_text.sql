-- pgtide._type_text(i_value, i_type)
--
-- SQL that gives a value's text by its type's output function, as COPY writes it.
--
-- Arguments: i_value - SQL
-- Returns: text, SQL
-- Writes: nothing
--
-- i_value::text would call any cast to text that the type's owner has defined, with the rights of whoever reads. A domain's value
-- is given to the function of its base type, as that type: a function of the same name that takes the domain would be preferred.
-- refcursor has the output function of text.
create or replace function pgtide._type_text(i_value text, i_type oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('textin(%s(%s))', t.typoutput,
                  case when t.oid = 'refcursor'::regtype then format('(%s)::text', i_value)
                       when t.oid = i_type then i_value
                       else format('(%s)::%s', i_value, format_type(t.oid, -1)) end)
    from pg_type t where t.oid = pgtide._base_type(i_type);
$$;
