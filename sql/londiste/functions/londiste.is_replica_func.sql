-- londiste.is_replica_func(func_oid)
--
-- Returns: boolean, whether a function is one of pgq's row triggers, which put a table's changes into a queue
-- Writes: nothing
create or replace function londiste.is_replica_func(func_oid oid) returns boolean
language sql stable strict set search_path = pg_catalog, pg_temp as $$
    select exists (select from pg_proc p
                    where p.oid = func_oid and p.pronamespace = 'pgq'::regnamespace
                      and p.proname in ('sqltriga', 'logutriga', 'jsontriga'));
$$;
