-- pgtide.table_reader(i_table [, i_make]) returns text
--
-- As whom the rows of a table are read, by copy, compare and status: see pgtide.owner_runner. To plan a query PostgreSQL computes constant calls
-- in the indexes, statistics and partition keys of its table, as whoever asks. NULL: this role itself, because the table is its own or a
-- superuser's, or because it may not act for the owner and there is no code of others (pgtide.foreign_code). A role that is no more than
-- a reader cannot do better; what is put there after this look runs as that role.
-- Otherwise the function that reads as the owner: select .. from the_function('select ..') as r (column type, ..). To be used in a read-only
-- transaction that is rolled back, so that nothing of what runs there outlives it, and with names that do not depend on settings.
--   i_make  false: writes nothing
-- Raises TD004 where it cannot be read without running code of others as this role.
create or replace function pgtide.table_reader(i_table oid, i_make bool default true)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owners oid[] := pgtide.foreign_owners(i_table);
    v_class record;
    v_code text;
    v_remedy text;
begin
    if v_owners = '{}' then
        return null;
    end if;
    select c.relowner, c.relforcerowsecurity, pgtide.table_name(i_table) as name into v_class from pg_class c where c.oid = i_table;
    if not pg_has_role(v_class.relowner, 'MEMBER') then
        v_remedy := format('grant %I to %I: then the owner reads it', pg_get_userbyid(v_class.relowner), current_user);
    elsif not (select pg_has_role(n.nspowner, 'USAGE') from pg_namespace n where n.nspname = 'pgtide') then
        v_remedy := 'let the owner of schema pgtide replicate: then the table''s owner reads it';
    end if;
    if v_remedy is not null then
        v_code := pgtide.foreign_code(i_table);
        if v_code is not null then
            raise exception 'code of the owner of table % would run with the rights of role % that reads it: %', v_class.name, current_user, v_code
                using errcode = 'TD004', hint = v_remedy;
        end if;
        return null;
    elsif v_class.relowner <> all (v_owners) then
        raise exception 'partitions or children of table % belong to another role than it does', v_class.name using errcode = 'TD004',
            hint = 'give them one owner: alter table ... owner to ...';
    elsif v_class.relforcerowsecurity then
        raise exception 'table % belongs to another role, and row security is forced upon it', v_class.name using errcode = 'TD004',
            hint = format('alter table %s no force row level security', v_class.name);
    end if;
    return pgtide.owner_runner(v_class.relowner, true, i_make);
end;
$$;
