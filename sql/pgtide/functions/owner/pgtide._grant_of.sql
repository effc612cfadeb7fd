-- pgtide._grant_of(i_owner, i_role)
--
-- Builds the GRANT by which a role may act for the role i_owner, that is, create functions for it and alter them.
--
-- Returns: text
-- Writes: nothing
--
-- Since PostgreSQL 16 a membership may lack the options which that takes, and a GRANT that does not name them changes
-- nothing.
create or replace function pgtide._grant_of(i_owner oid, i_role name)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('grant %I to %I%s', pg_get_userbyid(i_owner), i_role,
        case when current_setting('server_version_num')::int >= 160000 and pg_has_role(i_role, i_owner, 'MEMBER')
             then ' with inherit true, set true' else '' end);
$$;
