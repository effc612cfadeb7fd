-- londiste.make_fqname(i_name)
--
-- Returns: text, the name with its schema: "public." is put before a name without a dot; null for null
-- Writes: nothing
create or replace function londiste.make_fqname(i_name text) returns text
language sql strict immutable as $$
    select case when pg_catalog.strpos(i_name, '.') > 0 then i_name else 'public.' || i_name end;
$$;
