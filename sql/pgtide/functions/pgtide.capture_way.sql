-- pgtide.capture_way(i_table) returns text
--
-- How a capture's statements look into a table: NULL: they name it, since it is a table of ours without partitions; looked: by
-- pgtide.capture_look; unread: not at all (see pgtide.capture_reader).
create or replace function pgtide.capture_way(i_table oid)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reader oid := pgtide.capture_reader(i_table);
begin
    return case when v_reader is null then 'unread'
        when v_reader <> 0 or exists (select from pg_class c where c.oid = i_table and (c.relkind <> 'r' or c.relhassubclass)) then 'looked' end;
end;
$$;
