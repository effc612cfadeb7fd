-- londiste.find_column_types(tbl)
--
-- Which columns of a table make up its primary key.
--
-- Returns: text, one letter a column in table order: k in the key, v not; null when there is no such table
-- Writes: nothing
create or replace function londiste.find_column_types(tbl text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select string_agg(case when a.attnum = any (k.conkey) then 'k' else 'v' end, '' order by a.attnum)
      from pg_attribute a
      left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
     where a.attrelid = londiste.find_table_oid(tbl) and a.attnum > 0 and not a.attisdropped;
$$;
