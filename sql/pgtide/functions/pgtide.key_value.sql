-- pgtide.key_value(i_table, i_column, i_text) returns text
--
-- SQL that reads the text i_text (an SQL expression) as a value of a key's column, under the column's collation.
create or replace function pgtide.key_value(i_table oid, i_column text, i_text text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('(%s)::%s', i_text, format_type(a.atttypid, a.atttypmod))
        || pgtide.collate_clause(a.attcollation, a.attcollation, a.atttypid)
    from pg_attribute a
    where a.attrelid = i_table and a.attname = i_column and a.attnum > 0 and not a.attisdropped;
$$;
