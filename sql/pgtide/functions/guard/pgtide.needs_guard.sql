-- pgtide.needs_guard(i_table)
--
-- Returns whether a captured table needs pgtide.guard_partitions: it is partitioned, and has no valid unique index. With such an
-- index PostgreSQL itself refuses foreign tables as partitions.
--
-- Returns: bool, false on PostgreSQL 10, which has neither such triggers nor writes to a foreign partition through its parent
-- Writes: nothing
create or replace function pgtide.needs_guard(i_table oid)
returns bool language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return current_setting('server_version_num')::int >= 110000
        and exists (select from pg_class c where c.oid = i_table and c.relkind = 'p')
        and not exists (select from pg_index i where i.indrelid = i_table and i.indisunique and i.indisvalid);
end;
$$;
