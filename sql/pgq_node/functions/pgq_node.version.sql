-- pgq_node.version()
--
-- The version of pgq_node whose contract these functions keep.
--
-- Returns: text, never null
-- Writes: nothing
create or replace function pgq_node.version() returns text
language sql immutable as $$
    select '3.5'::text;
$$;
