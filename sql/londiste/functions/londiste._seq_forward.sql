-- londiste._seq_forward(i_seq, i_value)
--
-- Moves a sequence to a value, never back, and never past its end.
--
-- Returns: nothing
-- Writes: the sequence
create or replace function londiste._seq_forward(i_seq oid, i_value int8) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_value int8;
begin
    select least(i_value, s.seqmax) into v_value from pg_sequence s where s.seqrelid = i_seq;
    if v_value > londiste._seq_value(i_seq) then
        perform setval(i_seq::regclass, v_value);
    end if;
end;
$$;
