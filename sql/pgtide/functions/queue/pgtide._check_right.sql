-- pgtide._check_right(i_role, i_right)
--
-- Checks the arguments of pgtide.grant_queue and pgtide.revoke_queue: the right is known and the role exists.
--
-- Arguments: i_right - produce, consume or admin
-- Returns: nothing
-- Writes: nothing
-- Errors: TD001 unknown right; TD002 no such role
create or replace function pgtide._check_right(i_role text, i_right text)
returns void language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if i_right is null or i_right not in ('produce', 'consume', 'admin') then
        raise exception 'unknown right: %', coalesce(i_right, 'null') using errcode = 'TD001',
            hint = 'Rights: produce, consume, admin.';
    elsif i_role is null or not exists (select from pg_roles r where r.rolname = i_role) then
        raise exception 'role "%" does not exist', coalesce(i_role, 'null') using errcode = 'TD002',
            hint = 'Create it first; its name is written in its exact case, without quotes.';
    end if;
end;
$$;
