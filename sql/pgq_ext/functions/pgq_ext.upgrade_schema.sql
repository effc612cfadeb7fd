-- pgq_ext.upgrade_schema()
--
-- Adds what tables made by an older pgq_ext lack: subconsumers. May run any number of times.
--
-- Returns: int4, the number of tables changed; 0 when there was nothing to do
-- Writes: definitions of pgq_ext's tables
create or replace function pgq_ext.upgrade_schema() returns int4
language plpgsql as $$
declare
    v_table record;
    v_count int4 := 0;
begin
    for v_table in
        select * from (values ('completed_tick', ''), ('completed_batch', ''), ('partial_batch', ''),
                              ('completed_event', ', batch_id, event_id')) t(name, columns)
         where not exists (select from pg_catalog.pg_attribute a
                            where a.attrelid = ('pgq_ext.' || t.name)::regclass and a.attname = 'subconsumer_id')
    loop
        execute pg_catalog.format('alter table pgq_ext.%1$I add column subconsumer_id text not null default '''';
            alter table pgq_ext.%1$I alter column subconsumer_id drop default, drop constraint %2$I,
                add constraint %2$I primary key (consumer_id, subconsumer_id%3$s)',
            v_table.name, v_table.name || '_pkey', v_table.columns);
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
