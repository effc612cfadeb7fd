-- pgtide._event_keys(i_table, i_key, i_data) returns text
--
-- SQL that reads a key out of an event, a list of values for GROUP BY. NULL when GROUP BY would not tell keys apart as their index does.
-- No cast and no domain's check that a user has defined is run.
--   i_key   attnums
--   i_data  an SQL expression: the event's JSON
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
