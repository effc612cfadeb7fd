-- pgtide.event_label(i_type)
--
-- An event's type in a form that status, errors and logs may show: its first 15 characters, quoted. A producer can write any
-- type, so double quotes, backslashes and all that is not printable ASCII become question marks.
--
-- Returns: text, for example type "londiste.add-ta.."; no type for null
-- Writes: nothing
create or replace function pgtide.event_label(i_type text)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_type is null then 'no type'
                else 'type "' || regexp_replace(left(i_type, 15), '[^ !#-\[\]-~]', '?', 'g')
                     || case when length(left(i_type, 16)) > 15 then '..' else '' end || '"' end;
$$;
