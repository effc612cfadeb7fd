-- pgq._url_encode(i_text)
--
-- As PgQ's C code does it: letters, digits and '_', '.', '-' stay, a space becomes '+', every other byte (of the database's
-- encoding) '%' and two lower-case hex digits.
--
-- Returns: text; null for null
-- Writes: nothing
--
-- COLLATE "C", because a nondeterministic collation has no regular expressions. Each pass replaces one run of characters wherever it stands, which is quick where few different ones occur. Otherwise
-- the text is taken apart.
create or replace function pgq._url_encode(i_text text) returns text
language plpgsql immutable as $$
declare
    v_text  text collate "C" := i_text;
    v_run   text collate "C";
begin
    if v_text is null or v_text !~ '[^0-9A-Za-z_.-]' then
        return i_text;
    end if;
    v_text := replace(replace(replace(v_text, '%', '%25'), '+', '%2b'), ' ', '+');
    for i in 1 .. 12 loop
        v_run := substring(v_text from '[^0-9A-Za-z_.%+-]+');
        if v_run is null then
            return v_text;
        end if;
        v_text := replace(v_text, v_run,
            regexp_replace(encode(convert_to(v_run, getdatabaseencoding()), 'hex'), '(..)', E'%\\1', 'g'));
    end loop;
    return (
        select string_agg(coalesce(m.part[1],
                   regexp_replace(encode(convert_to(m.part[2], getdatabaseencoding()), 'hex'), '(..)', E'%\\1', 'g')), ''
                   order by m.nr)
          from regexp_matches(v_text, '([0-9A-Za-z_.%+-]+)|([^0-9A-Za-z_.%+-]+)', 'g') with ordinality m(part, nr));
end;
$$;
