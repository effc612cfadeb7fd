-- londiste._seq_value(i_seq)
--
-- Returns: int8, last_value of a sequence
-- Writes: nothing
create or replace function londiste._seq_value(i_seq oid) returns int8
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_value int8;
begin
    execute 'select last_value from ' || i_seq::regclass into strict v_value;
    return v_value;
end;
$$;
