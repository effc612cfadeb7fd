-- pgtide._look_mode(i_table)
--
-- How a capture's statements look into a table on the provider.
--
-- Returns: text
--              null    they name it, since it is a table of ours without partitions, which we may read
--              looked  by pgtide.capture_look, which may fail
--              unread  not at all (see pgtide._capture_reader)
-- Writes: nothing
--
-- Superusers' tables are looked into by pgtide.capture_look, too: if a right is revoked there, writes must not fail.
create or replace function pgtide._look_mode(i_table oid)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reader oid := pgtide._capture_reader(i_table);
begin
    return case when v_reader is null then 'unread'
        when v_reader = 0 and exists (select from pg_class c join pg_namespace n on n.nspname = 'pgtide'
                                      where c.oid = i_table and c.relowner = n.nspowner and c.relkind = 'r' and not c.relhassubclass
                                        and has_table_privilege(n.nspowner, c.oid, 'SELECT')
                                        and has_schema_privilege(n.nspowner, c.relnamespace, 'USAGE')) then null
        else 'looked' end;
end;
$$;
