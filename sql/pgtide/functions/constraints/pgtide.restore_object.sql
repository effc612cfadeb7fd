-- pgtide.restore_object(i_queue, i_table, i_kind, i_name)
--
-- On the subscriber: puts back one object of pgtide.saved_ddl.
--
-- Returns: text: 'restored'; 'begun': a foreign key is there, not yet validated, or was taken off again meanwhile, call
--          again; 'busy': another session is doing it; 'failed': the reason is in saved_ddl.error; 'gone': nothing is saved
--          under that name
-- Writes: pgtide.saved_ddl; the index, constraint or foreign key
-- Errors: those that do not concern the object (classes 08, 25, 40, 53, 55, 57, 58); as pgtide.lock_structure
--
-- It is sent as one message, so that the server carries it through even if the run that asked for it is over: building an
-- index may take longer than a function may run.
--
-- It does not use pgtide.run_stored_ddl: replay has a search_path of pg_catalog alone, like native replication, and an index
-- whose function finds nothing there would fail each row. Such an index stays off, and status names it.
create or replace function pgtide.restore_object(i_queue text, i_table text, i_kind text, i_name text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_saved pgtide.saved_ddl;
    v_result text := 'restored';
    v_validate text;
    v_runner text;
    v_quiet text;
    v_schema text;
    v_table text;
    v_column text;
    v_constraint text;
    v_context text;
    v_detail text;
begin
    if not pg_try_advisory_xact_lock(hashtext('pgtide.restore_object'), hashtext(concat_ws(' ', i_queue, i_table, i_kind, i_name))) then
        return 'busy';
    end if;
    select * into v_saved from pgtide.saved_ddl d
    where d.queue_name = i_queue and d.table_name = i_table and d.kind = i_kind and d.object_name = i_name;
    if not found then
        return 'gone';
    end if;
    if i_kind = 'foreign key' and v_saved.restore_sql not like 'alter table % validate constraint %' then
        perform pgtide.lock_structure(i_queue);
    end if;
    begin
        if i_kind = 'foreign key' and v_saved.restore_sql like 'alter table % add constraint %'
                and v_saved.restore_sql not like '% NOT VALID'
                and (select relkind from pg_class where oid = londiste.find_table_oid(i_table)) = 'r' then
            -- The key is added without a check of the rows, which is quick, and validated afterwards, which blocks neither
            -- reads nor writes.
            execute v_saved.restore_sql || ' not valid';
            v_validate := format('alter table %s validate constraint %I', londiste.find_table_oid(i_table)::regclass, i_name);
            v_result := 'begun';
        else
            v_runner := case when i_kind = 'foreign key' and v_saved.other_table is not null
                then pgtide._key_runner(londiste.find_table_oid(i_table), londiste.find_table_oid(v_saved.other_table))
                else pgtide.table_runner(londiste.find_table_oid(i_table)) end;
            perform pgtide.run(v_runner, v_saved.restore_sql);
            -- A key between two tables that are both replicated here stays without actions (pgtide._disable_triggers_and_actions).
            delete from pgtide.saved_ddl d
            where i_kind = 'foreign key' and d.queue_name = i_queue and d.table_name = i_table and d.kind = 'deferrable'
              and d.object_name = i_name and exists (
                  select from unnest(array[d.table_name, d.other_table]) o (name) where not exists (
                      select from londiste.table_info t where t.queue_name = i_queue and t.table_name = o.name and t.local))
            returning d.restore_sql into v_quiet;
            if v_quiet is not null then
                perform pgtide.run(v_runner, v_quiet);
            end if;
        end if;
    exception
        when duplicate_table or duplicate_object then
            v_result := 'restored';
        when others then
            if left(sqlstate, 2) in ('08', '25', '40', '53', '55', '57', '58') then
                raise;
            end if;
            get stacked diagnostics v_schema = schema_name, v_table = table_name, v_column = column_name, v_constraint = constraint_name,
                v_context = pg_exception_context, v_detail = pg_exception_detail;
            update pgtide.saved_ddl d
            set error = pgtide._failure_text(sqlstate, sqlerrm, v_detail, v_context, v_schema, v_table, v_column, v_constraint, null, null),
                tried_at = now()
            where d.queue_name = i_queue and d.table_name = i_table and d.kind = i_kind and d.object_name = i_name
              and d.restore_sql = v_saved.restore_sql;
            return case when found then 'failed' else 'begun' end;
    end;
    if v_result = 'begun' then
        update pgtide.saved_ddl d set restore_sql = v_validate, error = null
        where d.queue_name = i_queue and d.table_name = i_table and d.kind = i_kind and d.object_name = i_name;
    else
        delete from pgtide.saved_ddl d
        where d.queue_name = i_queue and d.table_name = i_table and d.kind = i_kind and d.object_name = i_name;
    end if;
    return v_result;
end;
$$;
