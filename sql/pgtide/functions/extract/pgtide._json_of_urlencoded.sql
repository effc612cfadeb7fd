-- pgtide._json_of_urlencoded(i_data, i_encoding)
--
-- Reads a row as pgq.logutriga writes it: name=value pairs, url-encoded.
--
-- Arguments: i_encoding - that of the bytes that %hh stand for: the database's, as PgQ's C code and pgtide write it, or UTF8, as
--            PgQ's PL/pgSQL does
-- Returns: data, columns. data is a JSON object with each value's text as a string; a name without '=' is a null, 'name=' an
--          empty text. columns are its names. Both are null if logutriga does not write such data
-- Writes: nothing
--
-- %hh of ASCII becomes JSON's \u00hh, without a look at each: characters that have a meaning in JSON are all encoded.
create or replace function pgtide._json_of_urlencoded(i_data text, i_encoding name, out data text, out columns text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_data text := replace(i_data, '+', ' ');
begin
    if v_data ~ '[\x01-\x1f"\\]|%(?:[^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$|00)' then
        return;
    elsif v_data = '' then
        data := '{}';
        columns := '{}';
        return;
    end if;
    if v_data ~ '%[89A-Fa-f]' then
        begin
            select convert_from(string_agg(case when p.nr = 1 then convert_to(p.part, i_encoding)
                                                when p.part ~ '^[89A-Fa-f]'
                                                then decode(left(p.part, 2), 'hex') || convert_to(substr(p.part, 3), i_encoding)
                                                else convert_to('%' || p.part, i_encoding) end, ''), i_encoding)
            into v_data from unnest(string_to_array(v_data, '%')) with ordinality p (part, nr);
        exception when character_not_in_repertoire or untranslatable_character then
            return;
        end;
    end if;
    v_data := replace(v_data, '%', '\u00');
    -- unnest gives the pairs in their order.
    select '{' || string_agg('"' || p.name || '":' || coalesce('"' || p.value || '"', 'null'), ',') || '}',
           array_agg(case when strpos(p.name, '\') = 0 then p.name else ('"' || p.name || '"')::json #>> '{}' end)
    into data, columns
    from (select split_part(u.pair, '=', 1) as name, substr(u.pair, nullif(strpos(u.pair, '='), 0) + 1) as value
          from unnest(string_to_array(v_data, '&')) u (pair)) p;
    if '' = any (columns) then
        data := null;
        columns := null;
    end if;
end;
$$;
