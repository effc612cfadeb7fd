-- pgtide._note_session() returns void
--
-- Keeps the session's state as it is now (pgtide._session_state) for all that pgtide.run does in this transaction, in the temporary table
-- pgtide_session.
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
