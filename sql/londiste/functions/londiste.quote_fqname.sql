-- londiste.quote_fqname(i_name)
--
-- Quotes a "schema.name". A relation that has this name is found whatever dots it holds; another name is split at its first.
--
-- Returns: text; null for null
-- Writes: nothing
create or replace function londiste.quote_fqname(i_name text) returns text
language sql strict stable set search_path = pg_catalog, pg_temp as $$
    select coalesce(
        (select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.oid = coalesce(londiste.find_rel_oid(i_name, 'r'), londiste.find_rel_oid(i_name, 'S'))),
        pgq.quote_fqname(i_name));
$$;
