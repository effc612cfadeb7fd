-- pgq.maint_tables_to_vacuum()
--
-- Tables whose rows are updated often, for servers that run without autovacuum.
--
-- Returns: setof text, table names; none while autovacuum is on
-- Writes: nothing
create or replace function pgq.maint_tables_to_vacuum() returns setof text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    if current_setting('autovacuum') = 'on' then
        return;
    end if;
    return query
        select format('%I.%I', n.nspname, c.relname)
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r'
           and (n.nspname, c.relname) in (
                ('pgq', 'consumer'), ('pgq', 'queue'), ('pgq', 'tick'), ('pgq', 'subscription'), ('pgq', 'retry_queue'),
                ('pgq_ext', 'completed_tick'), ('pgq_ext', 'completed_batch'), ('pgq_ext', 'completed_event'),
                ('pgq_ext', 'partial_batch'), ('pgq_node', 'local_state'))
         order by n.nspname, c.relname;
end;
$$;
