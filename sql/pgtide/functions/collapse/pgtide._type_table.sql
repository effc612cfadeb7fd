-- pgtide._type_table(i_nr, i_collapse, i_guess, i_on_conflict)
--
-- On the subscriber: types the staged events of one table of pgtide_work (pgtide._type_stage), and notes how they are to be
-- applied: lazy, one_by_one, collapsed.
--
-- Arguments: i_nr - the table's number in pgtide_work; i_collapse, i_guess - as for pgtide._type_stage; i_on_conflict - as
--            for pgtide.apply_stage
-- Returns: nothing
-- Writes: temporary table pgtide_work; as pgtide._type_stage and pgtide._fold_stage
-- Errors: TD013 as pgtide._find_failure; with the policy stop, why the events cannot be typed: TD004 the table, or a column, is not there; TD007 they do
--         not fit. With any policy, errors that do not concern the table alone (pgtide._is_table_failure)
--
-- If the events cannot be typed and the policy is not to stop, the reason is in pgtide_work.error.
create or replace function pgtide._type_table(i_nr int, i_collapse bool, i_guess bool, i_on_conflict text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
    v_failed text;
    v_state text;
    v_message text;
    v_detail text;
    v_context text;
    v_schema text;
    v_relation text;
    v_column text;
    v_constraint text;
    v_type text;
    v_event bigint;
begin
    select * into strict v_table from pg_temp.pgtide_work where nr = i_nr;
    if v_table.oid is null then
        raise exception 'table % is not there', v_table.table_name using errcode = 'TD004';
    end if;
    perform pgtide._check_readable(v_table.table_name);
    update pg_temp.pgtide_work
    set collapsed = pgtide._type_stage(v_table.table_name, v_table.oid, i_nr, i_collapse, i_guess, i_on_conflict <> 'overwrite')
    where nr = i_nr;
    -- Rows have a last image only if one key distinguishes them, always the same one, and grouped as its index compares it.
    -- If all events are inserts, every image is the last.
    update pg_temp.pgtide_work set
        lazy = (select c.relkind = 'v' from pg_class c where c.oid = to_regclass('pg_temp.pgtide_rows_' || i_nr)),
        one_by_one = (select (count(distinct h.key) > 1 or bool_or(h.key = '{}') or not coalesce(bool_and(h.groups), true))
                             and (i_on_conflict = 'overwrite' or bool_or(h.ev_type not like '{"op":"INSERT"%'))
                      from pg_temp.pgtide_shapes h where h.nr = i_nr)
    where nr = i_nr;
    if (select count(distinct h.columns) > 1 and bool_or(h.tag !~ '^pgtide:[0-9a-f]{8}$')
        from pg_temp.pgtide_shapes h where h.nr = i_nr and h.ev_type not like '{"op":"DELETE"%')
       and (select collapsed > 0 from pg_temp.pgtide_work where nr = i_nr) then
        update pg_temp.pgtide_work
        set collapsed = pgtide._fold_stage(v_table.table_name, v_table.oid, i_nr) where nr = i_nr;
        perform pgtide._type_stage(v_table.table_name, v_table.oid, i_nr, false, false, false);
    end if;
exception when others or assert_failure then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail,
        v_context = pg_exception_context, v_schema = schema_name, v_relation = table_name, v_column = column_name, v_constraint = constraint_name,
        v_type = pg_datatype_name;
    if not pgtide._is_table_failure(v_state) then
        raise;
    end if;
    select f.ev_id, coalesce(f.schema_name, v_schema), coalesce(f.table_name, v_relation), coalesce(f.column_name, v_column)
    into v_event, v_schema, v_relation, v_column
    -- Errors of our own concern the table, or name the event.
    from pgtide._find_failure(v_table.table_name, case when v_state not like 'TD%' then v_table.oid end, i_nr, v_state, null) f;
    v_failed := pgtide._table_failure(v_state, pgtide._failure_text(v_state, v_message, v_detail, v_context, v_schema, v_relation,
        v_column, v_constraint, v_type, v_event), i_on_conflict);
    update pg_temp.pgtide_work set error = v_failed where nr = i_nr;
end;
$$;
