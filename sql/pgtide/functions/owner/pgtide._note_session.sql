-- pgtide._note_session()
--
-- Keeps the present state of the session (pgtide._session_state) for all calls of pgtide.run in this transaction.
--
-- Returns: nothing
-- Writes: nothing; it creates the temporary table pgtide_session if that is not there
create or replace function pgtide._note_session()
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('pg_temp.pgtide_session') is null then
        create temp table pgtide_session on commit drop as select pgtide._session_state() as state;
    end if;
end;
$$;
