-- pgq._seq_state(i_seq)
--
-- Reads a sequence. PostgreSQL has no function that tells both values of one, and a query finds it by its name; whoever may drop it could put
-- a view in its place, whose functions would run with the rights of whoever reads. So it is locked first, by its oid.
--
-- Returns: last_value, is_called
-- Writes: nothing
-- Errors: TD002 it was dropped meanwhile
create or replace function pgq._seq_state(in i_seq oid, out last_value int8, out is_called boolean) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name text;
begin
    begin
        perform pg_sequence_last_value(i_seq); -- holds its lock until the transaction ends
    exception when internal_error or undefined_table then
        raise exception 'Sequence not found: %', i_seq using errcode = 'TD002';
    end;
    v_name := i_seq::regclass;
    if to_regclass(v_name) is distinct from i_seq then
        raise exception 'Sequence not found: %', v_name using errcode = 'TD002';
    end if;
    execute 'select s.last_value, s.is_called from ' || v_name || ' s' into strict last_value, is_called;
end;
$$;
