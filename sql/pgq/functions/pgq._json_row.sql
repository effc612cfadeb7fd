-- pgq._json_row(i_names, i_types, i_values, i_logged)
--
-- A row as jsontriga writes it: booleans and integers as they are, dates and times in ISO's form, all else the text of
-- the type as a string.
--
-- Arguments: i_values - the columns' texts, dates under DateStyle ISO; i_logged - which columns to write
-- Returns: text, '{}' when there is none
-- Writes: nothing
create or replace function pgq._json_row(i_names text[], i_types oid[], i_values text[], i_logged boolean[]) returns text
language plpgsql immutable as $$
declare
    v_json  text := '';
    v_value text;
begin
    for i in 1 .. cardinality(i_names) loop
        continue when not i_logged[i];
        v_value := i_values[i];
        v_json := v_json || case when v_json = '' then '' else ',' end || to_json(i_names[i])::text || ':' || case
            when v_value is null then 'null'
            when i_types[i] in (20, 21, 23) then v_value
            when i_types[i] = 16 then case v_value when 't' then 'true' else 'false' end
            when i_types[i] = 1114 then '"' || regexp_replace(v_value, ' ', 'T') || '"'
            when i_types[i] = 1184 then
                '"' || regexp_replace(regexp_replace(v_value, ' ', 'T'), '([+-][0-9][0-9])( BC)?$', E'\\1:00\\2') || '"'
            else to_json(v_value)::text end;
    end loop;
    return '{' || v_json || '}';
end;
$$;
