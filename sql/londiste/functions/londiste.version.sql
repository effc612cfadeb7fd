-- londiste.version()
--
-- The version of Londiste's SQL whose contract these functions keep.
--
-- Returns: text, never null
-- Writes: nothing
create or replace function londiste.version() returns text
language sql immutable as $$
    select '3.8'::text;
$$;
