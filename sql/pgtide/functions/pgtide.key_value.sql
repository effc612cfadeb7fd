-- pgtide.key_value(i_table, i_column, i_text) returns text
--
-- SQL that reads the text i_text (an SQL expression) as a value of a key's column, under the column's collation. Of a domain, its base
-- type is read: the domain's checks may call anybody's functions. A type that somebody has made is read by its input function
-- alone, which json_to_record calls: a cast from text may be anybody's function, too. A literal is never cast.
create or replace function pgtide.key_value(i_table oid, i_column text, i_text text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when b.oid < 16384 or i_text ~ '^ ?E?''' then format('(%s)::%s', i_text, b.name)
                else format('(select r.k from json_to_record(json_build_object(''k'', %s)) as r (k %s))', i_text, b.name) end
        || coalesce(' collate ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname), '')
    from pg_attribute a
    cross join lateral (select pgtide.base_type(a.atttypid) as oid) y
    cross join lateral (select y.oid, format_type(y.oid, case when y.oid = a.atttypid then a.atttypmod else -1 end) as name) b
    left join pg_collation c on c.oid = a.attcollation and c.collname <> 'default'
    left join pg_namespace n on n.oid = c.collnamespace
    where a.attrelid = i_table and a.attname = i_column and a.attnum > 0 and not a.attisdropped;
$$;
