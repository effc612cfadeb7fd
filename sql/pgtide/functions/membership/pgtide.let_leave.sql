-- pgtide.let_leave(i_queue, i_table) returns bool
--
-- On the subscriber: lets a table go that the root has removed. Within replay that must be quick, and no table may keep the others waiting: what
-- reads all rows is left to copy (pgtide.abandon_copy), and a lock is not waited for longer than a second. Where the table cannot go it is
-- noted as leaving in pgtide.member_change, with the reason: no event of it is applied any more, and copy tries again. One that was set aside
-- lacks changes, and stays, so that this is not forgotten, until somebody takes it out as it is (remove-table --now).
-- Returns whether it has gone. Raises again what says nothing about the table: a lost connection, a full disk.
create or replace function pgtide.let_leave(i_queue text, i_table text)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_timeout text := current_setting('lock_timeout');
    v_name text := londiste.make_fqname(i_table);
    v_error text;
begin
    perform pgtide.hold_structure(i_queue);
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
