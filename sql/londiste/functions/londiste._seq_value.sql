-- londiste._seq_value(i_seq)
--
-- Reads a sequence as pgq._seq_state does, which is not there where schema pgq is that of the extension.
--
-- Returns: int8, last_value of a sequence
-- Writes: nothing
-- Errors: TD002 it was dropped meanwhile
create or replace function londiste._seq_value(i_seq oid) returns int8
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text;
    v_value int8;
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
    execute 'select last_value from ' || v_name into strict v_value;
    return v_value;
end;
$$;
