-- pgq.seq_setval(i_seq_name, i_new_value)
--
-- Moves a sequence forward, never back. Two callers, or a caller and nextval(), are not serialised: let one process
-- move a sequence. Runs with the caller's rights.
--
-- Arguments: i_seq_name - "schema.name", unquoted
-- Returns: int8, the sequence's last_value afterwards: i_new_value, or what it was when that is higher; null for null
-- Writes: the sequence
-- Errors: TD002 no such sequence
create or replace function pgq.seq_setval(i_seq_name text, i_new_value int8) returns int8
language plpgsql strict set search_path = pg_catalog, pg_temp as $$
declare
    v_seq   regclass := pgq._find_seq(i_seq_name);
    v_value int8;
    v_taken boolean;
begin
    select s.last_value, s.is_called into strict v_value, v_taken from pgq._seq_state(v_seq) s;
    if i_new_value > v_value or (i_new_value = v_value and not v_taken) then
        perform setval(v_seq, i_new_value);
        return i_new_value;
    end if;
    return v_value;
end;
$$;
