-- pgq.quote_fqname(i_name)
--
-- Quotes a "schema.name", split at its first dot. A name without a dot is in schema public.
--
-- Returns: text; null for null
-- Writes: nothing
create or replace function pgq.quote_fqname(i_name text) returns text
language sql strict immutable as $$
    select case when pg_catalog.strpos(i_name, '.') > 0
        then pg_catalog.quote_ident(pg_catalog.substr(i_name, 1, pg_catalog.strpos(i_name, '.') - 1)) || '.'
            || pg_catalog.quote_ident(pg_catalog.substr(i_name, pg_catalog.strpos(i_name, '.') + 1))
        else 'public.' || pg_catalog.quote_ident(i_name)
    end;
$$;
