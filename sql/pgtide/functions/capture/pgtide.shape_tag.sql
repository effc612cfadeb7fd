-- pgtide.shape_tag(i_table)
--
-- The tag (ev_extra4) of events that the capture of pgtide writes: a mark of the names and stored types of the table's columns.
--
-- Returns: text, pgtide: and eight hexadecimal digits
-- Writes: nothing
--
-- A column that is added, dropped, renamed or retyped makes another tag, and the subscriber judges it again
-- (pgtide.unjudged_types). A partition has its table's tag, in whatever order its columns are.
create or replace function pgtide.shape_tag(i_table oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select 'pgtide:' || left(md5(coalesce(string_agg(concat_ws(' ', quote_ident(a.attname), pgtide.stored_type(a.atttypid, a.atttypmod)),
                                                         ', ' order by a.attname), '')), 8)
        from pg_attribute a
        where a.attrelid = (select i_table) and a.attnum > 0 and not a.attisdropped and pgtide.column_generated(a.attrelid, a.attnum) <> 'v');
end;
$$;
