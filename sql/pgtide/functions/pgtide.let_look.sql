-- pgtide.let_look(i_table) returns void
--
-- Makes what captures need to look into a table and its partitions as their owners (pgtide.capture_reader), where it is missing and this
-- role may. Else these are not looked into, and pgtide.capture_problems tells.
create or replace function pgtide.let_look(i_table oid)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner oid;
begin
    for v_owner in
        select distinct r.reader from pgtide.table_tree(i_table) t (relation), pgtide.capture_reader(t.relation) r (reader) where r.reader <> 0
    loop
        begin
            perform pgtide.owner_runner(v_owner, 'look');
        exception when sqlstate 'TD004' then
            null;
        end;
    end loop;
end;
$$;
