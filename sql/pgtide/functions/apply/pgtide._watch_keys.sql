-- pgtide._watch_keys()
--
-- On the subscriber, without replica mode: has pgtide.run look at the session after each statement, if a foreign key touches
-- a table of another role.
--
-- Returns: bool, true; false when there is no such key
-- Writes: nothing; it creates the temporary table pgtide_watched; as pgtide._note_session
--
-- Without replica mode, foreign keys are checked by queries that run as the tables' owners, with the code that these have
-- put there.
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
