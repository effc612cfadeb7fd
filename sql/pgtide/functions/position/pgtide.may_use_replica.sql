-- pgtide.may_use_replica([i_now])
--
-- Returns whether the role may set session_replication_role, without trying: unless it is caught inside of a function, a refusal
-- is an ERROR in the server's log.
--
-- Returns: bool, true for a superuser, and from PostgreSQL 15 on for a role that was granted the parameter; null for a member of
--          a managed service's administrator role, if only a try can show it; otherwise false
-- Writes: nothing
--
-- Managed services let members of their administrator's role set it by means that no catalog shows. A refusal is remembered
-- (pgtide.replica_refused), and makes this false for a day; to try again sooner, delete that row.
create or replace function pgtide.may_use_replica(i_now timestamptz default now())
returns bool language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c_administrators constant text[] := '{rds_superuser, rds_replication, cloudsqlsuperuser, alloydbsuperuser, azure_pg_admin,
        supabase_admin, supabase_privileged_role, neon_superuser, doadmin, avnadmin}';
begin
    if (select r.rolsuper from pg_roles r where r.rolname = current_user) then
        return true;
    end if;
    if to_regprocedure('pg_catalog.has_parameter_privilege(text,text)') is not null then
        if has_parameter_privilege('session_replication_role', 'SET') then
            return true;
        end if;
    end if;
    if not exists (select from pg_roles r where r.rolname = any (c_administrators) and pg_has_role(r.oid, 'MEMBER'))
        or exists (select from pgtide.replica_refused f
                   where f.role_name = current_user and f.refused_at between i_now - interval '1 day' and i_now)
    then
        return false;
    end if;
    return null;
end;
$$;
