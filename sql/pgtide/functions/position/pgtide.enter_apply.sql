-- pgtide.enter_apply() returns bool
--
-- Makes the rest of the transaction one that applies changes from elsewhere: no user trigger, no foreign key check.
-- Returns true when replica mode does it. A role that may not use replica mode gets false: then pgtide.applying passes the
-- guard triggers, deferrable constraints wait for the commit, and pgtide._quiet_tables has seen to the rest. It is tried only where it
-- may succeed; a refusal is written to pgtide.replica_refused.
-- A little more memory keeps the grouping of a large slice's keys off the disk.
create or replace function pgtide.enter_apply()
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('pgtide.applying', 'on', true);
    if pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB') then
        perform set_config('work_mem', '64MB', true);
    end if;
    set constraints all deferred;
    if current_setting('session_replication_role') = 'replica' then
        return true;
    elsif not pgtide.may_use_replica() then
        return false;
    end if;
    begin
        perform set_config('session_replication_role', 'replica', true);
        return true;
    exception when insufficient_privilege then
        insert into pgtide.replica_refused as f (role_name, refused_at) values (current_user, now())
        on conflict (role_name) do update set refused_at = excluded.refused_at;
        return false;
    end;
end;
$$;
