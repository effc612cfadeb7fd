-- pgtide._quick_key(i_table, i_nr)
--
-- On the subscriber: builds the SQL that reads the key out of a staged event (s.ev_data) without a JSON parser, which costs
-- more than applying a delete. Only for a key of one integer column, in events that pgtide's capture has written.
--
-- Arguments: i_nr - the table's number in pgtide_work
-- Returns: text; null when the key cannot be read like that
-- Writes: nothing
--
-- pgtide_shapes must hold the table's shapes, all with the same key. If the provider's column is of another type, the SQL
-- raises a data_exception; it never gives another value. A domain is read as its base type, because its checks may call
-- functions of any role.
create or replace function pgtide._quick_key(i_table oid, i_nr int)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- An integer in JSON as the capture writes it: up to the next comma. Quotes inside of values are escaped there, so that
    -- only the name itself can match the name.
    select format('rtrim(split_part(substr(s.ev_data, strpos(s.ev_data, %1$L) + length(%1$L), 21), '','', 1), ''}'')::%2$s',
                  to_json(a.attname) || ':', format_type(b.oid, -1))
    from (select key from pg_temp.pgtide_shapes where nr = i_nr limit 1) h
    join pg_attribute a on a.attrelid = i_table and a.attnum = h.key[1]
    cross join lateral pgtide._base_type(a.atttypid) as b (oid)
    where cardinality(h.key) = 1 and b.oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
      and not exists (select from pg_temp.pgtide_shapes where nr = i_nr and tag !~ '^pgtide:[0-9a-f]{8}$')
      and not exists (select from pg_attribute where attrelid = i_table and attname like '%"%');
$$;
