-- pgtide._event_keys(i_table, i_key, i_data)
--
-- Builds the SQL that reads a key out of an event, a list of values for GROUP BY.
--
-- Arguments: i_key - attnums; i_data - an SQL expression, the event's JSON
-- Returns: text; null when GROUP BY would not tell keys apart as their index does
-- Writes: nothing
--
-- The SQL runs no cast and no check of a domain that a user has defined.
create or replace function pgtide._event_keys(i_table oid, i_key int[], i_data text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select case when bool_and(k.groups) then string_agg(
        pgtide._text_as(format('%s->>%L', i_data, a.attname), pgtide._base_type(a.atttypid)) || k.collated, ', ' order by k.nr) end
    from pgtide._key_equality(i_table, i_key) k
    join pg_attribute a on a.attrelid = i_table and a.attnum = k.attnum);
end;
$$;
