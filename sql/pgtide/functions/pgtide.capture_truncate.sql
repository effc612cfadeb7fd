-- pgtide.capture_truncate(i_table, i_root, i_when, i_event_table [, i_form]) returns void
--
-- Called by a capture function before and after a TRUNCATE. A truncate of the replicated table is one event, in the one form
-- that Londiste reads (it knows no TRUNCATE in JSON). When only a partition is truncated,
-- which the subscriber need not have, its rows are written as deletes before they are gone, or, where they may not be looked at
-- (pgtide.capture_look), it is refused; PostgreSQL fires the triggers of every
-- partition also when the whole table is truncated, so that is remembered for the length of the statement.
create or replace function pgtide.capture_truncate(i_table oid, i_root oid, i_when text, i_event_table text, i_form text default 'json')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_mark text := format('%s %s', i_root, statement_timestamp());
    v_hint text;
    v_pins text[];
begin
    if i_table <> i_root then
        if i_when = 'BEFORE' and current_setting('pgtide.truncating', true) is distinct from v_mark
                and (select relkind from pg_class where oid = i_table) = 'r' then
            v_pins := pgtide.pin_settings(null);
            begin
                execute pgtide.capture_statement(i_table, i_root, i_event_table, 'EMPTY', i_form);
            exception when sqlstate 'TD004' then
                get stacked diagnostics v_hint = pg_exception_hint;
                raise exception 'partition % cannot be truncated alone: its rows cannot be read for the queue: %', pgtide.table_name(i_table), sqlerrm
                    using errcode = 'TD004', hint = concat_ws('; or ', nullif(v_hint, ''), 'delete its rows, or truncate the whole table');
            end;
            v_pins := pgtide.pin_settings(v_pins);
        end if;
    elsif i_when = 'BEFORE' then
        perform set_config('pgtide.truncating', v_mark, true);
    else
        perform set_config('pgtide.truncating', '', true);
        execute format('insert into %s (ev_time, ev_type, ev_data, ev_extra1) values (now(), ''R'', '''', $1)', i_event_table)
        using pgtide.table_name(i_root);
    end if;
end;
$$;
