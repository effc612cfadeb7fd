-- pgtide.begin_copy(i_queue, i_table, i_bounds, i_rows)
--
-- On the subscriber: plans the copy of a table that is to be copied. It takes off the objects that half-copied states may
-- break (secondary indexes, constraints over several rows, foreign keys from and to it), empties the table unless it was
-- added to keep its rows, and writes its chunks, all pending.
--
-- Arguments: i_bounds - the lower keys of the second and later chunks, a JSON array of arrays of text; i_rows - the estimate
--            of rows, for progress
-- Returns: bool, true; false when the table is not waiting for a plan, or not any more
-- Writes: pgtide.table_state, pgtide.copy_chunk, pgtide.parked_event, pgtide.table_stats; londiste.table_info (merge_state
--         becomes in-copy); the table's rows; as pgtide.note_columns, pgtide._save_and_drop_constraints, pgtide.begin_apply,
--         pgtide._disable_triggers_and_actions
-- Errors: TD002 the table is not there; as pgtide.lock_structure, pgtide.table_runner, pgtide._disable_triggers_and_actions, pgtide.run
create or replace function pgtide.begin_copy(i_queue text, i_table text, i_bounds jsonb, i_rows bigint)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_info londiste.table_info;
    v_table oid;
begin
    perform pgtide.lock_structure(i_queue);
    select * into v_info from londiste.table_info t where t.queue_name = i_queue and t.table_name = i_table and t.local for update;
    if not found or v_info.merge_state is not null then
        return false;
    end if;
    v_table := londiste.find_table_oid(coalesce(v_info.dest_table, i_table));
    if v_table is null then
        raise exception 'table % is not there', i_table using errcode = 'TD002';
    end if;
    insert into pgtide.table_state as s (queue_name, table_name, generation, phase, total_rows_estimate)
    values (i_queue, i_table, 1, 'copying', i_rows)
    on conflict (queue_name, table_name) do update
    set generation = s.generation + 1, phase = 'copying', total_rows_estimate = i_rows, error = null, error_time = null;
    delete from pgtide.copy_chunk where queue_name = i_queue and table_name = i_table;
    delete from pgtide.parked_event where queue_name = i_queue and table_name = i_table;
    perform pgtide.note_columns(i_queue, i_table);
    insert into pgtide.table_stats (queue_name, table_name) values (i_queue, i_table) on conflict do nothing;

    perform pgtide._save_and_drop_constraints(i_queue, i_table, v_table);
    -- Without replica mode the copied rows would fire the table's triggers.
    if not pgtide.begin_apply() then
        execute format('lock table %s in access exclusive mode', v_table::regclass);
        perform pgtide._disable_triggers_and_actions(i_queue, array[v_table]);
    end if;
    if coalesce(v_info.table_attrs, '') !~ '(^|&)skip_truncate=1(&|$)' then
        perform pgtide.run(pgtide.table_runner(v_table), format('truncate %s', v_table::regclass));
    end if;
    insert into pgtide.copy_chunk (queue_name, table_name, chunk_no, lower_key)
    values (i_queue, i_table, 0, null);
    insert into pgtide.copy_chunk (queue_name, table_name, chunk_no, lower_key)
    select i_queue, i_table, b.nr, array(select jsonb_array_elements_text(b.bound))
    from jsonb_array_elements(i_bounds) with ordinality b (bound, nr);
    -- Without statistics all open chunks would be read and sorted to choose the first (pgtide.announce_chunk).
    if jsonb_array_length(i_bounds) > 100 then
        analyze pgtide.copy_chunk;
    end if;
    return londiste.local_set_table_state(i_queue, i_table, null, 'in-copy') is not null;
end;
$$;
