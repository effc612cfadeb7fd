-- pgtide.create_look_functions(i_queue [, i_table])
--
-- On the provider: creates the functions by which captures look into tables of other roles and their partitions
-- (pgtide.capture_look), if they are missing and this role may create them. If it may not, pgtide.capture_problems reports that.
--
-- Arguments: i_table - only for this table; null: for all captured tables of the queue
-- Returns: nothing
-- Writes: functions in schema pgtide, as pgtide.owner_runner
create or replace function pgtide.create_look_functions(i_queue text, i_table oid default null)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner oid;
begin
    for v_owner in
        select distinct r.reader
        from (select i_table as root where i_table is not null
              union all select c.root from pgtide._captured_tables(i_queue) c where i_table is null) c
        cross join lateral pgtide.table_tree(c.root) t (relation)
        cross join lateral pgtide._capture_reader(t.relation) r (reader)
        where r.reader <> 0 and pg_has_role(r.reader, 'MEMBER')
    loop
        begin
            perform pgtide.owner_runner(v_owner, 'look');
        exception when sqlstate 'TD004' then
            null;
        end;
    end loop;
end;
$$;
