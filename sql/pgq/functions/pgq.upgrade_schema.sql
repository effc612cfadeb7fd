-- pgq.upgrade_schema()
--
-- Adds the columns that tables made by an older PgQ lack. May run any number of times.
--
-- Returns: int4, the number of changes; 0 when there was nothing to do
-- Writes: definition of pgq.queue
create or replace function pgq.upgrade_schema() returns int4
language plpgsql as $$
declare
    v_changes   int4 := 0;
    v_column    text;
    v_type      text;
begin
    for v_column, v_type in
        values ('queue_per_tx_limit', 'integer'), ('queue_extra_maint', 'text[]')
    loop
        if not exists (select 1 from pg_catalog.pg_attribute a
                        where a.attrelid = 'pgq.queue'::regclass and a.attname = v_column and not a.attisdropped) then
            execute format('alter table pgq.queue add column %I %s', v_column, v_type);
            v_changes := v_changes + 1;
        end if;
    end loop;
    return v_changes;
end;
$$;
