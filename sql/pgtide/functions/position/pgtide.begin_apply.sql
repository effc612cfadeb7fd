-- pgtide.begin_apply()
--
-- On the subscriber: makes the rest of the transaction one that applies changes from elsewhere: user triggers do not fire, and
-- foreign keys are not checked.
--
-- Returns: bool, true if replica mode does this; false if the role may not use replica mode: then pgtide.applying lets the
--          changes past the guard triggers, deferrable constraints wait for the commit, and pgtide._disable_triggers_and_actions does the rest
-- Writes: until the end of the transaction the settings pgtide.applying, work_mem (if below 64 MB), session_replication_role, and
--         the mode of deferrable constraints; pgtide.replica_refused
--
-- Replica mode is tried only if that may succeed (pgtide.may_use_replica); a refusal is noted in pgtide.replica_refused. The
-- larger work_mem keeps the grouping of a large slice's keys off the disk.
create or replace function pgtide.begin_apply()
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
