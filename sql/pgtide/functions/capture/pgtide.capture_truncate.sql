-- pgtide.capture_truncate(i_table, i_root, i_when, i_event_table [, i_form])
--
-- Called by a capture function before and after a TRUNCATE on the provider: writes the truncate as an event, and for a single
-- partition its rows as deletes.
--
-- Arguments: i_when - BEFORE or AFTER; i_event_table - the queue's current event table; i_form - see pgtide.capture_statement
-- Returns: nothing
-- Writes: the event table; the setting pgtide.truncating
-- Errors: TD004 a partition cannot be truncated alone, since its rows cannot be read (pgtide.capture_look), or an old snapshot
--         may not have them all; as pgtide._refuse_old_row_tables; as pgtide.capture_look otherwise
--
-- A truncate of the replicated table is one event, in the one form that Londiste reads (it has no TRUNCATE in JSON). It is
-- written after everything that the transaction has captured, and that may contain rows that triggers of others have inserted
-- since the table was emptied: the rows that are in the table now follow it once more. If these cannot be read, the table is
-- truncated nevertheless.
--
-- If only a partition is truncated, which the subscriber need not have, its rows are written as deletes before they are gone.
-- PostgreSQL fires the triggers of every partition also if the whole table is truncated, so that is remembered for the length of
-- the statement (pgtide.truncating).
create or replace function pgtide.capture_truncate(i_table oid, i_root oid, i_when text, i_event_table text, i_form text default 'json')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_mark text := format('%s %s', i_root, statement_timestamp());
    v_hint text;
    v_pins text[];
    v_wrote bool;
    v_rows text;
begin
    if i_table <> i_root then
        if i_when = 'BEFORE' and current_setting('pgtide.truncating', true) is distinct from v_mark
                and (select relkind from pg_class where oid = i_table) = 'r' and pg_relation_size(i_table) > 0 then
            if current_setting('transaction_isolation') <> 'read committed' then
                raise exception 'partition % cannot be truncated alone in %: % cannot be read for the queue', pgtide.table_name(i_table),
                    upper(current_setting('transaction_isolation')), 'rows that were committed since the transaction began'
                    using errcode = 'TD004', hint = 'truncate it in READ COMMITTED; or truncate the whole table';
            end if;
            v_pins := pgtide.pin_settings(null);
            begin
                execute pgtide.capture_statement(i_table, i_root, i_event_table, 'EMPTY', i_form);
            exception when sqlstate 'TD004' or insufficient_privilege then
                get stacked diagnostics v_hint = pg_exception_hint;
                if sqlstate = '42501' then
                    v_hint := 'let the owner of schema pgtide read it';
                end if;
                raise exception 'partition % cannot be truncated alone: its rows cannot be read for the queue: %', pgtide.table_name(i_table), sqlerrm
                    using errcode = 'TD004', hint = concat_ws('; or ', nullif(v_hint, ''), 'delete its rows, or truncate the whole table');
            end;
            v_pins := pgtide.pin_settings(v_pins);
        end if;
    elsif i_when = 'BEFORE' then
        perform set_config('pgtide.truncating', v_mark, true);
    else
        perform set_config('pgtide.truncating', '', true);
        execute format($sql$
            with written as (insert into %s (ev_time, ev_type, ev_data, ev_extra1) values (now(), 'R', '', $1))
            select exists (select from %s where ev_txid = txid_current() and ev_extra1 = $1 and ev_type <> 'R')$sql$,
            i_event_table, regexp_replace(i_event_table, '_\d+$', ''))
        into v_wrote using pgtide.table_name(i_root);
        perform pgtide._refuse_old_row_tables((select q.queue_id from pgq.queue q
                                               where q.queue_data_pfx = regexp_replace(i_event_table, '_\d+$', '')));
        for v_rows in
            select r.name from pgq.queue q cross join lateral pgtide._row_tables(q.queue_id, null, true, pgtide.table_name(i_root)) r
            where q.queue_data_pfx = regexp_replace(i_event_table, '_\d+$', '') and not v_wrote
        loop
            execute format('select $1 or exists (select from %s where ev_txid = txid_current())', v_rows) into v_wrote using v_wrote;
        end loop;
        if v_wrote then
            v_pins := pgtide.pin_settings(null);
            begin
                execute pgtide.capture_statement(i_root, i_root, i_event_table, 'FILL', i_form);
            exception when others then
                -- If the table's rows cannot be read, it is truncated nevertheless.
                if left(sqlstate, 2) in ('40', '53', '55', '57') then
                    raise;
                end if;
            end;
            v_pins := pgtide.pin_settings(v_pins);
        end if;
    end if;
end;
$$;
