-- pgq.version()
--
-- The version of PgQ whose contract these functions keep.
--
-- Returns: text, never null
-- Writes: nothing
create or replace function pgq.version() returns text
language sql immutable as $$
    select '3.5.2'::text;
$$;
