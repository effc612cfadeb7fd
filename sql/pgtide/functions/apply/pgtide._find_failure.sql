-- pgtide._find_failure(i_name, i_table, i_nr, i_state, i_on_conflict)
--
-- On the subscriber: finds, for the operator, the staged event of a table at which a set-wise statement failed with i_state.
--
-- Arguments: i_nr - the table's number in pgtide_work; i_on_conflict - as for pgtide.apply_stage, null: the events are only
--            typed, not applied
-- Returns: ev_id; schema_name, table_name, column_name of the column whose value does not fit, if it is that. Nulls when no
--          event fails alone in the same way, or a quarter of the statement's time (statement_timeout) is over
-- Writes: pgtide_stage, until all changes are rolled back; it creates and drops the temporary table pgtide_failed
-- Errors: TD013 the table's rows have arrived as rows: the slice must be replayed with events; TD010 is raised and caught inside, to
--         roll back
--
-- It looks without reading out a value: by halves, each of which is typed, applied alone and undone. That costs about as
-- much as two more tries of the whole, and is done for a table that fails alone.
create or replace function pgtide._find_failure(i_name text, i_table oid, i_nr int, i_state text, i_on_conflict text,
    out ev_id bigint, out schema_name text, out table_name text, out column_name text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    c_rows constant text := 's.ev_extra1 = %L and s.ev_type like ''{%%'' and s.ev_type not like ''{"op":"TRUNCATE"%%''';
    v_rows text := format(c_rows, i_name);
    v_middle bigint;
    v_last bigint;
    v_count bigint;
    v_events bigint;
    v_event bigint;
    v_text text;
    v_data jsonb;
    v_attnum int2;
    v_column record;
    v_runner text := (select w.runner from pg_temp.pgtide_work w where w.nr = i_nr);
begin
    if i_table is null then
        return;
    elsif exists (select from pg_temp.pgtide_typed c where c.table_name = i_name) then
        raise exception 'rows of table % fail', i_name using errcode = 'TD013';
    end if;
    begin
        if i_on_conflict is not null then
            -- Rows that the slice truncates must not conflict with its events.
            perform pgtide._apply_truncates(array(select w.nr from pg_temp.pgtide_work w where w.nr = i_nr and w.truncated));
        end if;
        loop
            -- If the statement timed out, it would report less.
            exit when clock_timestamp() - statement_timestamp() > nullif(current_setting('statement_timeout'), '0')::interval / 4;
            execute format('select percentile_disc(0.5) within group (order by s.ev_id), max(s.ev_id), count(*)
                            from pg_temp.pgtide_stage s where %s', v_rows) into v_middle, v_last, v_count;
            v_events := coalesce(v_events, v_count);
            exit when v_count < 2;
            if pgtide._fails_up_to(i_name, i_table, i_nr, i_state, i_on_conflict, v_middle) then
                execute format('delete from pg_temp.pgtide_stage s where %s and s.ev_id > $1', v_rows) using v_middle;
            else
                execute format('delete from pg_temp.pgtide_stage s where %s and s.ev_id <= $1', v_rows) using v_middle;
            end if;
        end loop;
        if v_count = 1 and (v_events = 1 or pgtide._fails_up_to(i_name, i_table, i_nr, i_state, i_on_conflict, v_last)) then
            v_event := v_last;
            execute format('select s.ev_data from pg_temp.pgtide_stage s where %s', v_rows) into v_text;
        end if;
        raise exception 'the stage is put back' using errcode = 'TD010';
    exception when sqlstate 'TD010' then
        null;
    end;
    ev_id := v_event;
    begin
        v_data := v_text::jsonb;
    exception when data_exception then
        return;
    end;
    -- The values stay out of the statement's text, which the server may log.
    create temp table pgtide_failed on commit drop as select v_data as row;
    perform pgtide._grant_to_owner('pgtide_failed', i_table);
    foreach v_attnum in array array(
        select a.attnum from jsonb_object_keys(v_data) d (name)
        join pg_attribute a on a.attrelid = i_table and a.attname = d.name and a.attnum > 0 and not a.attisdropped
        order by a.attnum) loop
        select a.attname, format_type(a.atttypid, a.atttypmod) as type into v_column
        from pg_attribute a where a.attrelid = i_table and a.attnum = v_attnum;
        begin
            perform pgtide.run(v_runner, format(
                'select r.v from pg_temp.pgtide_failed f, jsonb_to_record(jsonb_build_object(''v'', f.row->%L)) r (v %s)',
                v_column.attname, v_column.type));
        exception when others or assert_failure then
            if sqlstate = i_state then
                select n.nspname, c.relname, v_column.attname into schema_name, table_name, column_name
                from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_table;
                exit;
            end if;
        end;
    end loop;
    drop table pg_temp.pgtide_failed;
end;
$$;
