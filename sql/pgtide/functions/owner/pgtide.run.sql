-- pgtide.run(i_runner, i_sql [, i_ev_id [, i_places]])
--
-- Runs a statement on a table, as this role or as the table's owner.
--
-- Arguments: i_runner - the function that runs it as the owner, null: this role runs it (pgtide.table_runner); i_ev_id,
--            i_places - $1 and $2 in the statement
-- Returns: bigint, the number of rows
-- Writes: as the statement
-- Errors: TD007 code of the owner has left something behind in the session (pgtide._session_leftovers), the function is not as it
--         was made, or the statement failed as the owner by an error that does not concern the table; otherwise those of the
--         statement
--
-- Code of another role may leave things behind in the session. They must not act later, when the rights of this role are in
-- force again. So they are refused, and the rollback of the caller's subtransaction, or of the transaction, removes them.
-- Until search_path is known to be ours, nothing here is looked up by it.
--
-- Of errors that concern more than a table (a missing right, say), only those that end by themselves are passed on from the
-- owner's code: 40001, 40P01, 55P03 and class 53.
--
-- Such code can also move and read the session's cursors, so the caller must not be in a loop over a query.
create or replace function pgtide.run(i_runner text, i_sql text, i_ev_id bigint default null, i_places tid[] default null)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
    v_path text;
    v_before text;
    v_anchor regclass;
    v_left text;
    v_detail text;
    v_context text;
    v_schema text;
    v_table text;
    v_column text;
    v_constraint text;
    v_type text;
begin
    if i_runner is null and to_regclass('pg_temp.pgtide_watched') is null then
        execute i_sql using i_ev_id, i_places;
        get diagnostics v_count = row_count;
        return v_count;
    end if;
    -- Taken once if many statements follow (pgtide._note_session): it costs more than applying a row.
    if to_regclass('pg_temp.pgtide_session') is null then
        v_before := pgtide._session_state();
    else
        select s.state into strict v_before from pg_temp.pgtide_session s;
    end if;
    v_anchor := to_regclass('pg_temp.pgtide_stage');
    begin
        if i_runner is null then
            execute i_sql using i_ev_id, i_places;
            get diagnostics v_count = row_count;
        else
            execute format('select %s($1, $2, $3)', i_runner) into v_count using i_sql, i_ev_id, i_places;
            if v_count is null then
                raise exception '% is not as it was made', i_runner using errcode = 'TD007';
            end if;
        end if;
    exception when others then
        -- Some errors concern more than a table when they occur elsewhere (a missing right, for example). Of these only the
        -- ones that end by themselves are believed.
        if i_runner is null or pgtide._is_table_failure(sqlstate) or sqlstate in ('40001', '40P01', '55P03') or left(sqlstate, 2) = '53' then
            raise;
        end if;
        get stacked diagnostics v_detail = pg_exception_detail, v_context = pg_exception_context, v_schema = schema_name, v_table = table_name,
            v_column = column_name, v_constraint = constraint_name, v_type = pg_datatype_name;
        raise exception 'as the table''s owner: %',
            pgtide._failure_text(sqlstate, sqlerrm, v_detail, v_context, v_schema, v_table, v_column, v_constraint, v_type, null) using errcode = 'TD007';
    end;
    v_path := pg_catalog.current_setting('search_path');
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    v_left := case when v_path <> 'pg_catalog, pg_temp' then 'setting search_path'
                   when to_regclass('pg_temp.pgtide_stage') is distinct from v_anchor then 'no temporary tables'
                   else pgtide._session_leftovers(v_before) end;
    if v_left is not null then
        raise exception 'code of a table''s owner leaves % behind in the session of replication', v_left using errcode = 'TD007';
    end if;
    return v_count;
end;
$$;
