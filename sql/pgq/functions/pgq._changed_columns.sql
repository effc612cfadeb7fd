-- pgq._changed_columns(i_types, i_collations, i_old, i_new)
--
-- Which columns an UPDATE has changed, as their types see it (see pgq._same_value).
--
-- Arguments: i_old, i_new - the columns' texts
-- Returns: boolean[]
-- Writes: nothing
create or replace function pgq._changed_columns(i_types oid[], i_collations oid[], i_old text[], i_new text[])
returns boolean[]
language plpgsql stable as $$
declare
    v_changed boolean[] := array_fill(false, array[cardinality(i_types)]);
begin
    for i in 1 .. cardinality(i_types) loop
        if i_old[i] is null or i_new[i] is null then
            v_changed[i] := coalesce(i_old[i], i_new[i]) is not null;
        elsif i_old[i] <> i_new[i] collate "C" then
            v_changed[i] := not pgq._same_value(i_types[i], i_collations[i], i_old[i], i_new[i]);
        end if;
    end loop;
    return v_changed;
end;
$$;
