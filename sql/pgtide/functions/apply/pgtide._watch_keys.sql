-- pgtide._watch_keys() returns bool
--
-- Without replica mode, foreign keys are checked by queries that run as the tables' owners, with the code that these have put there. Where a key
-- touches a table of another role, makes the temporary table pgtide_watched: pgtide.run then looks at the session after each statement.
create or replace function pgtide._watch_keys()
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
            select from pg_constraint k
            join pg_class c on c.oid in (k.conrelid, k.confrelid)
            join pg_roles r on r.oid = c.relowner
            where k.contype = 'f' and not r.rolsuper and r.rolname <> current_user) then
        create temp table if not exists pgtide_watched () on commit drop;
        perform pgtide._note_session();
        return true;
    end if;
    return false;
end;
$$;
