-- pgtide.apply_removal(i_queue, i_table)
--
-- On the subscriber, within replay: lets a table go that the root has removed from the queue.
--
-- Returns: bool, whether the table has gone; true also if the queue did not have it
-- Writes: pgtide.member_change; as pgtide.lock_structure, pgtide.abandon_copy (the quick way) and londiste.global_remove_table
-- Errors: those that say nothing about the table, such as a lost connection or a full disk (SQLSTATE classes 08, 25, 40, 53, 57,
--         58)
--
-- Within replay this must be quick, and one table must not keep the others waiting: what reads all rows is left to copy
-- (pgtide.abandon_copy), and a lock is not waited for longer than a second. If the table cannot go, it is noted as leaving in
-- pgtide.member_change, with the reason: no event of it is applied any more, and copy tries again. A table that was set aside
-- lacks changes. It stays, so that this is not forgotten, until a user takes it out as it is (remove-table --now).
create or replace function pgtide.apply_removal(i_queue text, i_table text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_timeout text := current_setting('lock_timeout');
    v_name text := londiste.make_fqname(i_table);
    v_error text;
begin
    perform pgtide.lock_structure(i_queue);
    select 'it is set aside, and lacks changes: ' || s.error into v_error
    from pgtide.table_state s where s.queue_name = i_queue and s.table_name = v_name and s.error is not null;
    if not found then
        begin
            perform set_config('lock_timeout', '1s', true);
            perform pgtide.abandon_copy(i_queue, v_name, true);
            perform londiste.global_remove_table(i_queue, v_name);
        exception when others then
            if left(sqlstate, 2) in ('08', '25', '40', '53', '57', '58') then
                raise;
            end if;
            v_error := pgtide._failure_text(sqlstate, sqlerrm, null, null, null, null, null, null, null, null);
        end;
        perform set_config('lock_timeout', v_timeout, true);
    end if;
    if v_error is not null then
        insert into pgtide.member_change as m (queue_name, table_name, change, error)
        select i_queue, v_name, 'leaving', v_error
        where exists (select from londiste.table_info t where t.queue_name = i_queue and t.table_name = v_name)
        on conflict (queue_name, table_name) do update set change = 'leaving', error = excluded.error;
    end if;
    return v_error is null;
end;
$$;
