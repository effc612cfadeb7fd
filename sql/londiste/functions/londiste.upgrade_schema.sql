-- londiste.upgrade_schema()
--
-- Adds what tables made by an older Londiste lack. May run any number of times.
--
-- Returns: int4, the number of changes; 0 when there was nothing to do
-- Writes: definitions of londiste.table_info and londiste.applied_execute
create or replace function londiste.upgrade_schema() returns int4
language plpgsql as $$
declare
    v_changes   int4 := 0;
    v_table     text;
    v_column    text;
begin
    for v_table, v_column in
        values ('londiste.table_info', 'dest_table'), ('londiste.applied_execute', 'execute_attrs')
    loop
        if not exists (select 1 from pg_catalog.pg_attribute a
                        where a.attrelid = v_table::regclass and a.attname = v_column and not a.attisdropped) then
            execute format('alter table %s add column %I text', v_table, v_column);
            v_changes := v_changes + 1;
        end if;
    end loop;
    return v_changes;
end;
$$;
