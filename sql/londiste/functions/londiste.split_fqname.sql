-- londiste.split_fqname(i_fqname)
--
-- Splits a name at its first dot. Only a guess where a schema's name holds a dot: londiste.find_rel_oid asks the catalog.
--
-- Returns: schema_part ('public' when there is no dot), name_part; nulls for null
-- Writes: nothing
create or replace function londiste.split_fqname(in i_fqname text, out schema_part text, out name_part text) returns record
language sql immutable as $$
    select case when pg_catalog.strpos(i_fqname, '.') > 0
               then pg_catalog.substr(i_fqname, 1, pg_catalog.strpos(i_fqname, '.') - 1)
               when i_fqname is not null then 'public' end,
           case when pg_catalog.strpos(i_fqname, '.') > 0
               then pg_catalog.substr(i_fqname, pg_catalog.strpos(i_fqname, '.') + 1) else i_fqname end;
$$;
