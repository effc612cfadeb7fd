-- pgq_node.upgrade_schema()
--
-- Adds what tables made by an older pgq_node lack. May run any number of times.
--
-- Returns: int4, the number of changes; 0 when there was nothing to do
-- Writes: definition of pgq_node.node_info
create or replace function pgq_node.upgrade_schema() returns int4
language plpgsql as $$
begin
    if exists (select 1 from pg_catalog.pg_attribute a
                where a.attrelid = 'pgq_node.node_info'::regclass and a.attname = 'node_attrs' and not a.attisdropped) then
        return 0;
    end if;
    alter table pgq_node.node_info add column node_attrs text;
    return 1;
end;
$$;
