-- pgtide.refuse_foreign_partition() trigger
--
-- Never fires: its trigger keeps foreign tables out of a captured partitioned table. See pgtide.guard_partitions.
create or replace function pgtide.refuse_foreign_partition()
returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return null;
end;
$$;
