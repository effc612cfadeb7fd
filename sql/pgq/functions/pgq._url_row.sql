-- pgq._url_row(i_names, i_values, i_logged)
--
-- A row as logutriga writes it: name=value pairs, url-encoded, a null without its '='.
--
-- Arguments: i_values - the columns' texts; i_logged - which columns to write
-- Returns: text, '' when there is none
-- Writes: nothing
create or replace function pgq._url_row(i_names text[], i_values text[], i_logged boolean[]) returns text
language plpgsql stable as $$
declare
    v_row text := '';
begin
    for i in 1 .. cardinality(i_names) loop
        continue when not i_logged[i];
        v_row := v_row || case when v_row = '' then '' else '&' end
            || case when i_names[i] ~ '[^0-9A-Za-z_.-]' then pgq._url_encode(i_names[i]) else i_names[i] end
            || case when i_values[i] is null then ''
                    when i_values[i] ~ '[^0-9A-Za-z_.-]' then '=' || pgq._url_encode(i_values[i])
                    else '=' || i_values[i] end;
    end loop;
    return v_row;
end;
$$;
