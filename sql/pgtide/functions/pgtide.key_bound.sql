-- pgtide.key_bound(i_table, i_operator, i_key) returns text
--
-- A condition on the table's key, as a row comparison that its index can serve: (a, b) >= (x, y). NULL when i_key is.
create or replace function pgtide.key_bound(i_table oid, i_operator text, i_key text[])
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('(%s) %s (%s)', string_agg(quote_ident(k.name), ', ' order by k.nr), i_operator,
        string_agg(format('%L::%s', i_key[k.nr], pgtide.column_type(i_table, k.name)), ', ' order by k.nr))
    from unnest(pgtide.table_key(i_table)) with ordinality k (name, nr)
    where i_key is not null
    having count(*) > 0;
$$;
