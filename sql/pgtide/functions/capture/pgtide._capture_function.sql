-- pgtide._capture_function(i_queue_id, i_table, i_root, i_name, i_shape, i_rows)
--
-- The CREATE FUNCTION statement of a table's capture on the provider: one static INSERT .. SELECT for each statement of the
-- application.
--
-- Arguments: i_queue_id - pgq.queue.queue_id; i_table - the table that the triggers are on; i_root - the table that is
--            replicated: i_table, or the partitioned table above it; i_name - the function's name in schema pgtide;
--            i_shape - the shape for which it is made (pgtide.capture_shape), read before anything else: if the table is altered
--            while the function is made, the shape does not fit, and the function does its work the slow way; i_rows - the row table
--            (pgtide._create_row_table) into which it writes; null: the event table
-- Returns: text
-- Writes: nothing; the function that it makes writes the queue's current event table or row table, and as pgtide.settle_nesting and
--         pgtide.capture_truncate
-- Errors: P0002 no such queue; 40001 as pgtide._row_statements. The function that it makes: TD002 the queue is gone; TD003 inserts
--         into the queue are disabled; 40001 in REPEATABLE READ and SERIALIZABLE, the table or the queue has changed since the snapshot; and as
--         pgtide.capture_truncate and pgtide.settle_nesting
--
-- The function must never make the application's write fail, so it contains statements for the shape that the table has now, and
-- a mark of that shape (pgtide.capture_shape). If the shape has changed (a column was added, dropped, renamed, retyped), the
-- statement for the new shape is built at run time, which is slower but equally exact, until pgtide.refresh_capture. A branch
-- that is not taken is never planned, and so cannot fail. After a rename the form, too, is looked up by the new name, as
-- pgtide.merge_nested does.
--
-- Nor can the function be sure whose triggers call it. A dump contains its text, with OIDs that belong to nothing in the restored
-- database, or to other tables. So it compares tg_relid with the table that it was made for. If they differ, all that it knows is
-- about another table: it finds the replicated table by itself (pgtide.capture_root) and builds the statement at run time. An OID
-- in its text is only ever compared.
--
-- The shortcut: most statements change one row, and for these each look-up costs as much as the event. So if nothing is unusual
-- (role, nesting: one expression; shape and event table: pgtide.capture_known_route), a single statement both checks whether the
-- event may be written like that, and writes it: the event table is still the current one, inserts are enabled (both:
-- pgtide.known_event_table); for an UPDATE or a DELETE there is one row, and its key has not changed, or is not in the table
-- again. If it writes nothing, the long way decides. A transaction without an id has changed no row, so there is nothing to
-- write.
--
-- Rows go into a row table, which stores values with their own types (pgtide._row_table). The statement that is built at run time, and
-- captures without a row table, write events.
--
-- Values must not depend on the session. If a column is written as text, and that text depends on settings (pgtide._row_columns.settles,
-- pgtide._capture_columns.settles), the function pins the settings; if none is, it saves that cost, and pins them only around a run-time
-- statement. The form url has dates as text, and always pins them.
--
-- A partition that was detached keeps its triggers. Its rows are not the replicated table's any more, and are not captured.
--
-- A transaction with an old snapshot (REPEATABLE READ, SERIALIZABLE) must not write into an event table (or row table) that has been
-- switched away from since: its events would be where no batch looks. Nor can it know the shape of a table that was altered since. Both
-- fail with serialization_failure. The long way looks for the latest version of the queue's row and takes no lock on it, since
-- writers would wait for each other there; why that is enough is explained in pgq._refuse_old_queue. The transaction has its id
-- before: usually because it has written; TRUNCATE may have none yet.
--
-- A column may have the name of a variable (old, new, found, tg_op): in the statements the column is meant.
--
-- Plans are made for the first statement's few rows, and kept. So nothing here may become a nested loop over transition tables,
-- or a scan of the table itself, for a later statement: the check for changed keys is a set operation; if there are some, the
-- statement is planned each time; the table is only looked up by its key. Nor is a plan made for a first statement of many rows to be
-- compiled for each later one of few: jit is off.
--
-- Order: see pgtide.settle_nesting for nested statements. One statement may also delete a row and insert it again (WITH .. DELETE
-- .. INSERT), and the delete's trigger may fire last: if a deleted key is in the table afterwards, or was left twice
-- (pgtide.capture_check), events are settled the same way.
create or replace function pgtide._capture_function(i_queue_id int, i_table oid, i_root oid, i_name name, i_shape text, i_rows text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue pgq.queue;
    v_pins text;
    v_jit constant text := case when current_setting('server_version_num')::int >= 110000 then ' set jit = off' else '' end;
    v_known text;
    v_shortcuts text;
    v_branches text;
begin
    select * into strict v_queue from pgq.queue where queue_id = i_queue_id;
    select string_agg(format(' set %s = %L', s.name, s.value), '') into v_pins from pgtide._pinned_settings() s
    where case when i_rows is not null then exists (select from pgtide._row_columns(i_table) c where not c.settles)
        else pgtide.event_form(v_queue.queue_name, pgtide.table_name(i_root)) = 'url'
             or exists (select from pgtide._capture_columns(i_table) c where not c.settles) end;
    select b.known, b.shortcuts, b.branches into v_known, v_shortcuts, v_branches
    from pgtide._capture_branches(i_queue_id, i_table, i_root, i_shape, i_rows) b;

    return format('create or replace function pgtide.%I() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp%s as %L',
        i_name, v_jit || coalesce(v_pins, ''), format($body$
#variable_conflict use_column
-- Written by %11$s %12$s rows %15$s .
begin
    if tg_relid = %9$s and current_setting('session_replication_role') = 'origin' and pg_trigger_depth() = 1
            and txid_current_if_assigned() is not null and coalesce(current_setting('pgtide.nested', true), '') = '' then
%7$s        end if;
        if found then
            return null;
        end if;
    end if;
    declare
        v_role text := current_setting('session_replication_role');
        v_nested bool := pg_trigger_depth() > 1 or current_setting('pgtide.nested', true) <> '';
        v_fits bool;
        v_current int;
        v_disabled bool;
        v_before bigint;
        v_there bool := false;
        v_root oid := %3$s;
    begin
        if v_role = 'local' or tg_op <> 'TRUNCATE' and txid_current_if_assigned() is null then
            return null;
        end if;
        perform txid_current();
        if current_setting('transaction_isolation') = 'read committed' then
            v_fits := tg_relid = %9$s and %8$s >= 0;
        else
            v_fits := tg_relid = %9$s and pgtide.capture_shape(%9$s, %3$s) = %5$L;
            perform pgtide.refuse_old_table(tg_relid, case when tg_relid = %9$s then %3$s else tg_relid end);
            perform from pgq.queue q where q.queue_id = %1$s and currtid2('pgq.queue', q.ctid) <> q.ctid for share;
        end if;
        if v_fits is not true then
            v_root := pgtide.capture_root(tg_relid, %1$s, case when tg_relid = %9$s then %3$s end, %10$L, %13$L);
            if v_root is null then
                return null;
            end if;
        end if;
        select queue_cur_table, queue_disable_insert into v_current, v_disabled from pgq.queue where queue_id = %1$s;
        if not found then
            raise exception 'Event queue not found' using errcode = 'TD002';
        elsif v_disabled and v_role <> 'replica' then
            raise exception 'Insert into queue disallowed' using errcode = 'TD003';
        end if;
        if v_nested or tg_op = 'UPDATE' then
            select last_value - (not is_called)::int into v_before from %2$s;
        end if;
        if tg_op = 'TRUNCATE' then
            perform pgtide.capture_truncate(tg_relid, v_root, tg_when, '%4$s_' || v_current, pgtide.event_form(%14$L, pgtide.table_name(v_root)));
        elsif not v_fits then
            declare
                v_pins text[] := pgtide.pin_settings(null);
                v_unpinned text[];
            begin
                execute pgtide.capture_statement(tg_relid, v_root, '%4$s_' || v_current,
                    case when tg_op = 'UPDATE' and pgtide.table_key(v_root) <> '{}' then 'UPDATE KEYS' else tg_op end,
                    pgtide.event_form(%14$L, pgtide.table_name(v_root)));
                if tg_op in ('DELETE', 'UPDATE') then
                    execute pgtide.capture_check(tg_relid, v_root, tg_op) into v_there;
                end if;
                v_unpinned := pgtide.pin_settings(v_pins);
            end;
%6$s        end if;
        if v_nested or v_there then
            perform pgtide.settle_nesting(%4$L, v_root, pgtide.table_name(v_root), tg_op, v_before, v_there);
        end if;
        return null;
    end;
end;
$body$, i_queue_id, v_queue.queue_event_seq, i_root, v_queue.queue_data_pfx, i_shape, v_branches, v_shortcuts, v_known, i_table,
        pgtide.table_name(i_root), pgtide._capture_version(), pgtide._capture_made_for(i_queue_id, i_table, i_root), i_table <> i_root,
        v_queue.queue_name, coalesce(i_rows, '-')));
end;
$$;
