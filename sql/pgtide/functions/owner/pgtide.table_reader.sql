-- pgtide.table_reader(i_table)
--
-- Determines as whom copy, compare and status read the rows of a table.
--
-- Returns: text, the function that reads as the owner: select .. from the_function('select ..') as r (column type, ..);
--          null: this role itself
-- Writes: as pgtide.owner_runner
-- Errors: TD004 the table cannot be read without running code of other roles as this role
--
-- While PostgreSQL plans a query, it computes constant calls in the indexes, statistics and partition keys of the table, as
-- the role that runs the query. This role reads a table itself if the table is its own or a superuser's, or if this role is
-- not a superuser, cannot act for the owner, and there is no code of other roles (pgtide.foreign_code). Such a role cannot
-- do better; code that is put there after this look runs as this role.
--
-- The function is to be used in a read-only transaction that is rolled back, so that no setting outlives it, and with names
-- that do not depend on settings.
create or replace function pgtide.table_reader(i_table oid)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owners oid[] := pgtide.foreign_owners(i_table);
    v_class record;
    v_message text;
    v_remedy text;
    v_code text;
begin
    if v_owners = '{}' then
        return null;
    end if;
    select c.relowner, c.relforcerowsecurity, pgtide.table_name(i_table) as name into v_class from pg_class c where c.oid = i_table;
    if v_class.relowner <> all (v_owners) then
        v_message := format('partitions or children of table %s belong to another role than it does', v_class.name);
        v_remedy := 'give them one owner: alter table ... owner to ...';
    elsif not pg_has_role(v_class.relowner, 'MEMBER') then
        v_message := format('table %s belongs to another role', v_class.name);
        v_remedy := format('grant %I to %I: then its owner reads it', pg_get_userbyid(v_class.relowner), current_user);
    elsif v_class.relforcerowsecurity then
        raise exception 'table % belongs to another role, and row security is forced upon it', v_class.name using errcode = 'TD004',
            hint = format('alter table %s no force row level security', v_class.name);
    else
        begin
            return pgtide.owner_runner(v_class.relowner, 'read');
        exception when sqlstate 'TD004' then
            get stacked diagnostics v_message = message_text, v_remedy = pg_exception_hint;
        end;
    end if;
    v_code := pgtide.foreign_code(i_table);
    if v_code is not null or (select r.rolsuper from pg_roles r where r.rolname = current_user) then
        raise exception '%', concat_ws(', whose code would run with the rights of the role that reads it: ', v_message, v_code)
            using errcode = 'TD004', hint = v_remedy;
    end if;
    return null;
end;
$$;
