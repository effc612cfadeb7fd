-- pgq_ext.version()
--
-- The version of pgq_ext whose contract these functions keep.
--
-- Returns: text, never null
-- Writes: nothing
create or replace function pgq_ext.version() returns text
language sql immutable as $$
    select '3.2'::text;
$$;
