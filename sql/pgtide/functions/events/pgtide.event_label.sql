-- pgtide.event_label(i_type) returns text
--
-- An event's type as status, errors and logs may show it: its first letters, quoted. The type is whatever a producer wrote, so
-- what is not plain ASCII, and quotes, become question marks.
create or replace function pgtide.event_label(i_type text)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_type is null then 'no type'
                else 'type "' || regexp_replace(left(i_type, 15), '[^ !#-\[\]-~]', '?', 'g')
                     || case when length(left(i_type, 16)) > 15 then '..' else '' end || '"' end;
$$;
