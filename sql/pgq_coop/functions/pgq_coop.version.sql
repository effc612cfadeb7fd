-- pgq_coop.version()
--
-- The version of pgq_coop whose contract these functions keep.
--
-- Returns: text, never null
-- Writes: nothing
create or replace function pgq_coop.version() returns text
language sql immutable as $$
    select '3.2'::text;
$$;
