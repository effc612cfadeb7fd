-- pgtide.refuse_foreign_partition()
--
-- Trigger that never fires: its existence keeps foreign tables out of a captured partitioned table. See pgtide.guard_partitions.
--
-- Returns: trigger, null
-- Writes: nothing
create or replace function pgtide.refuse_foreign_partition()
returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return null;
end;
$$;
