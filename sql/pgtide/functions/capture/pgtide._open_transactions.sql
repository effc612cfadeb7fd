-- pgtide._open_transactions()
--
-- The transactions of users that are open in this database, except the present one. Every role can see them by their virtual ids, also
-- those that have not written.
--
-- Returns: text[], virtual ids; empty if there are none
-- Writes: nothing
create or replace function pgtide._open_transactions()
returns text[] language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select l.virtualtransaction
        from pg_locks l
        join pg_stat_activity a on a.pid = l.pid
        join pg_database d on d.oid = a.datid and d.datname = current_database()
        where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and a.usesysid is not null and l.pid <> pg_backend_pid());
end;
$$;
