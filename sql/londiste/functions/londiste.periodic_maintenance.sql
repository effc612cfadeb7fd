-- londiste.periodic_maintenance()
--
-- Forgets files that were executed more than three months ago. Called by maintenance.
--
-- Returns: int4, always 0
-- Writes: londiste.applied_execute
create or replace function londiste.periodic_maintenance() returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from londiste.applied_execute a where a.execute_time < now() - interval '3 months';
    return 0;
end;
$$;
