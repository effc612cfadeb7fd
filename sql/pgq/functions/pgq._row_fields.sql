-- pgq._row_fields(i_row)
--
-- Takes a row's text (record::text) apart into the texts of its columns, which are their types' own: record_out quotes
-- a field that is empty or holds quotes, backslashes, parentheses, commas or white space, and doubles quotes and backslashes.
--
-- Returns: text[], null where a column is null; null when i_row is null
-- Writes: nothing
create or replace function pgq._row_fields(i_row text) returns text[]
language plpgsql immutable strict as $$
declare
    v_body text := substr(i_row, 2, length(i_row) - 2);
begin
    if v_body = '' then
        return array[null::text];
    elsif strpos(v_body, '"') = 0 then
        return string_to_array(v_body, ',', '');
    end if;
    return array(
        select coalesce(replace(replace(m.part[1], '""', '"'), E'\\\\', E'\\'), nullif(m.part[2], ''))
          from regexp_matches(',' || v_body, ',(?:"((?:[^"]|"")*)"|([^",]*))', 'g') m(part));
end;
$$;
