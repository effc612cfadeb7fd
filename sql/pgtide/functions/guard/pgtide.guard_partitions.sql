-- pgtide.guard_partitions(i_queue, i_table)
--
-- On the provider: keeps foreign tables from becoming partitions of a captured table. Locks the table and all partitions as
-- CREATE TRIGGER does if it creates the guard.
--
-- Returns: bool, whether it has created the guard; false if that exists, or is not wanted (pgtide.needs_guard)
-- Writes: a trigger on the table, which PostgreSQL gives to the partitions
--
-- PostgreSQL collects no transition rows of a foreign table, so each write that reaches such a partition through its parent would
-- fail, only because of the capture. With the guard, the ATTACH fails instead, or the CREATE FOREIGN TABLE .. PARTITION OF: the
-- guard is a constraint trigger, which PostgreSQL gives to each new partition, and which a foreign table cannot have. The guard
-- has a false condition, and it is disabled if this role may act for the table's owner, so it costs a look at a flag for each
-- deleted row. Before PostgreSQL 13, only a superuser may disable the triggers of partitions, so it stays enabled there. PUBLIC may
-- execute its function, since every role that creates a partition must.
create or replace function pgtide.guard_partitions(i_queue text, i_table oid)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name name;
begin
    if not pgtide.needs_guard(i_table)
            or exists (select from pg_trigger g where g.tgrelid = i_table and g.tgfoid = 'pgtide.refuse_foreign_partition'::regproc) then
        return false;
    end if;
    v_name := pgtide._free_trigger_name(i_table, pgtide._trigger_name(i_queue, 'no_foreign'));
    execute format('create constraint trigger %I after delete on %s for each row when (false) execute procedure pgtide.refuse_foreign_partition()',
        v_name, i_table::regclass);
    if current_setting('server_version_num')::int >= 130000 and pg_has_role((select c.relowner from pg_class c where c.oid = i_table), 'USAGE') then
        execute format('alter table %s disable trigger %I', i_table::regclass, v_name);
    end if;
    return true;
end;
$$;
