-- pgtide.abandon_copy(i_queue, i_table [, i_quick])
--
-- On the subscriber, before a table leaves replication: puts back everything that was taken off the table or changed on it.
--
-- Arguments: i_quick - leave to copy the objects that take a read of all rows: indexes, constraints, and the validation of
--            foreign keys
-- Returns: int, the number of objects put back, or found to be there already, or dropped by others; 0 also when the table is
--          not one of this node's
-- Writes: pgtide.saved_ddl, pgtide.table_state (and by that pgtide.copy_chunk, pgtide.parked_event), pgtide.table_stats; the
--         table's rows, if its copy is not finished; its indexes, constraints, triggers and rules; as pgtide._keep_unrestored,
--         pgtide.begin_apply
-- Errors: those of putting an object back that do not concern it (classes 08, 25, 40, 53, 55, 57, 58); as
--         pgtide.lock_structure, pgtide.table_runner, pgtide._key_runner
--
-- A table in the middle of its copy is emptied, unless it was added to keep its rows: half of a copy may break the objects
-- that are put back, and is of no use. An object that cannot be put back is kept with the reason (pgtide._keep_unrestored).
create or replace function pgtide.abandon_copy(i_queue text, i_table text, i_quick bool default false)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_info londiste.table_info;
    v_list jsonb;
    v_saved pgtide.saved_ddl;
    v_schema text;
    v_table text;
    v_constraint text;
    v_detail text;
    v_restored int := 0;
    v_target oid;
    v_emptied bool := false;
begin
    perform pgtide.lock_structure(i_queue);
    select * into v_info from londiste.table_info t where t.queue_name = i_queue and t.table_name = i_table;
    if not found or not v_info.local then
        return 0;
    end if;
    v_target := londiste.find_table_oid(coalesce(v_info.dest_table, i_table));
    if v_target is not null then
        -- Locked before the state: a session that stores a chunk locks the table first.
        if has_table_privilege(v_target, 'UPDATE, DELETE, TRUNCATE') then
            execute format('lock table %s in access exclusive mode', v_target::regclass);
        end if;
        if coalesce(v_info.merge_state, '') <> 'ok' and coalesce(v_info.table_attrs, '') !~ '(^|&)skip_truncate=1(&|$)'
           and exists (select from pgtide.copy_chunk c where c.queue_name = i_queue and c.table_name = i_table)
        then
            perform pgtide.begin_apply();
            perform pgtide.run(pgtide.table_runner(v_target), format('truncate %s', v_target::regclass));
            v_emptied := true;
        end if;
        -- A foreign key's deferrability and actions come last, since they need the key. The query is not looped over; see
        -- pgtide.apply_stage.
        v_list := (
            select jsonb_agg(to_jsonb(d) order by case d.kind when 'deferrable' then 2 when 'foreign key' then 1 else 0 end, d.saved_at)
            from pgtide.saved_ddl d where d.queue_name = i_queue and i_table in (d.table_name, d.other_table));
        for i in 0 .. coalesce(jsonb_array_length(v_list), 0) - 1 loop
            v_saved := jsonb_populate_record(null::pgtide.saved_ddl, v_list->i);
            -- A foreign key to a table that is still being copied waits for that table.
            continue when v_saved.kind = 'foreign key' and exists (
                select from londiste.table_info t
                where t.table_name in (v_saved.table_name, v_saved.other_table) and t.table_name <> i_table
                  and t.local and coalesce(t.merge_state, '') <> 'ok');
            continue when i_quick and not v_emptied and v_saved.kind in ('index', 'constraint', 'foreign key');
            if i_quick and v_saved.kind = 'deferrable' and v_saved.restore_sql like 'alter table % add constraint %' then
                perform pgtide._keep_unrestored(v_saved, null);
                continue;
            end if;
            begin
                perform pgtide.run_stored_ddl(v_saved.restore_sql, null,
                    case when v_saved.kind in ('foreign key', 'deferrable') and v_saved.other_table is not null
                         then pgtide._key_runner(londiste.find_table_oid(v_saved.table_name), londiste.find_table_oid(v_saved.other_table))
                         when v_saved.kind in ('index', 'constraint') then pgtide.table_runner(v_target) end);
            exception
                when duplicate_object or duplicate_table then
                    -- A user has created it.
                    null;
                when others then
                    -- A key that is missing now gets its deferrability and actions when it is restored (pgtide.restore_object).
                    continue when sqlstate = '42704' and v_saved.kind = 'deferrable' and exists (
                        select from pgtide.saved_ddl d
                        where d.queue_name = i_queue and d.table_name = v_saved.table_name and d.kind = 'foreign key'
                          and d.object_name = v_saved.object_name);
                    get stacked diagnostics v_schema = schema_name, v_table = table_name, v_constraint = constraint_name,
                        v_detail = pg_exception_detail;
                    if left(sqlstate, 2) in ('08', '25', '40', '53', '55', '57', '58') then
                        raise;
                    elsif sqlstate <> '42704' or not (v_saved.kind in ('trigger', 'deferrable')
                            or v_saved.restore_sql like 'alter table % validate constraint %') then
                        perform pgtide._keep_unrestored(v_saved, pgtide._failure_text(sqlstate, sqlerrm, v_detail, null, v_schema, v_table, null,
                            v_constraint, null, null));
                        continue;
                    end if;
                    -- A user has dropped the trigger or the key.
            end;
            delete from pgtide.saved_ddl d
            where d.queue_name = i_queue and d.table_name = v_saved.table_name and d.kind = v_saved.kind and d.object_name = v_saved.object_name;
            v_restored := v_restored + 1;
        end loop;
    end if;
    delete from pgtide.table_state where queue_name = i_queue and table_name = i_table;
    delete from pgtide.table_stats where queue_name = i_queue and table_name = i_table;
    return v_restored;
end;
$$;
