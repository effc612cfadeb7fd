-- pgtide.unsendable(i_texts, i_encoding)
--
-- On the provider: why one of these texts cannot be sent to a database of another encoding.
--
-- Arguments: i_encoding - that of the other database
-- Returns: text; null if all can be sent
-- Writes: nothing
create or replace function pgtide.unsendable(i_texts text[], i_encoding name)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text;
begin
    foreach v_text in array i_texts loop
        -- Text is sent as UTF-8.
        perform convert(convert_to(v_text, 'UTF8'), 'UTF8', i_encoding);
    end loop;
    return null;
exception when character_not_in_repertoire or untranslatable_character then
    -- The server's own message is not used: it contains the bytes.
    return format('it holds a character that the encoding %s does not have', i_encoding);
end;
$$;
