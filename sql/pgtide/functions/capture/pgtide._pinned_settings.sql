-- pgtide._pinned_settings()
--
-- The settings under which captured values are written as text; lib/db/pinned-settings.ts has those of the reader.
--
-- Returns: table (name, value)
-- Writes: nothing
create or replace function pgtide._pinned_settings()
returns table (name text, value text) language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    values ('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('extra_float_digits', '3'),
           ('bytea_output', 'hex'), ('lc_monetary', 'C');
$$;
