-- pgtide._trigger_name(i_queue, i_suffix)
--
-- The name of a trigger of pgtide, made of a queue's name and a suffix. A queue name longer than 40 bytes is replaced by the
-- beginning of its hash.
--
-- Returns: name
-- Writes: nothing
create or replace function pgtide._trigger_name(i_queue text, i_suffix text)
returns name language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select ('_pgtide_' || case when octet_length(i_queue) <= 40 then i_queue else left(md5(i_queue), 16) end || '_' || i_suffix)::name;
$$;
