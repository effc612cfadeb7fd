-- pgq.seq_getval(i_seq_name)
--
-- Reads a sequence without advancing it.
--
-- Arguments: i_seq_name - "schema.name", unquoted
-- Returns: int8, last_value of the sequence (its start value when nothing was taken from it yet); null for null
-- Writes: nothing
-- Errors: TD002 no such sequence
create or replace function pgq.seq_getval(i_seq_name text) returns int8
language plpgsql strict set search_path = pg_catalog, pg_temp as $$
begin
    return (select s.last_value from pgq._seq_state(pgq._find_seq(i_seq_name)) s);
end;
$$;
