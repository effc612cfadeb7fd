-- londiste.set_session_replication_role(val, is_local)
--
-- Sets session_replication_role for the session, or for the transaction alone: what Londiste's worker does before it applies rows.
--
-- val        origin, replica or local
-- is_local   true: until the transaction ends
--
-- Runs with the caller's rights: a superuser, or from PostgreSQL 15 on who was granted the parameter.
--
-- Returns: nothing
-- Writes: nothing
-- Errors: TD001 another value; 42501 without the right
create or replace function londiste.set_session_replication_role(val text, is_local boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if val is null or val not in ('origin', 'replica', 'local') then
        raise exception 'bad value for session_replication_role' using errcode = 'TD001';
    end if;
    perform set_config('session_replication_role', val, coalesce(is_local, false));
end;
$$;
