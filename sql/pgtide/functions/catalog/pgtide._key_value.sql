-- pgtide._key_value(i_table, i_column, i_text)
--
-- SQL that reads a text as a value of a key's column, under the column's collation.
--
-- Arguments: i_text - an SQL expression that is text
-- Returns: text, SQL; null if there is no such column
-- Writes: nothing
--
-- For a domain, its base type is read: the domain's checks may call functions of any role. A user-defined type is read by its
-- input function alone, which json_to_record calls: a cast from text may be a function of any role, too. A literal is never cast:
-- PostgreSQL reads it by the type's input function.
create or replace function pgtide._key_value(i_table oid, i_column text, i_text text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_text ~ '^ ?E?''' then format('(%s)::%s', i_text, format_type(b.oid, case when b.oid = a.atttypid then a.atttypmod else -1 end))
                else pgtide._text_as(i_text, b.oid) end
        || pgtide._collate_clause(a.attcollation, a.attcollation, a.atttypid)
    from pg_attribute a
    cross join lateral (select pgtide._base_type(a.atttypid) as oid) b
    where a.attrelid = i_table and a.attname = i_column and a.attnum > 0 and not a.attisdropped;
$$;
