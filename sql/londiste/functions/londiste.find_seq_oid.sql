-- londiste.find_seq_oid(seq)
--
-- Returns: oid of the sequence with that global name (see londiste.find_rel_oid); null when there is none
-- Writes: nothing
create or replace function londiste.find_seq_oid(seq text) returns oid
language sql stable set search_path = pg_catalog, pg_temp as $$
    select londiste.find_rel_oid(seq, 'S');
$$;
