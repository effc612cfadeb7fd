-- pgtide._key_value(i_table, i_column, i_text) returns text
--
-- SQL that reads the text i_text (an SQL expression) as a value of a key's column, under the column's collation. Of a domain, its base
-- type is read: the domain's checks may call anybody's functions. A type that somebody has made is read by its input function
-- alone, which json_to_record calls: a cast from text may be anybody's function, too. A literal is never cast.
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
