-- pgtide.capture_truncate(i_table, i_root, i_when, i_event_table) returns void
--
-- Called by a capture function before and after a TRUNCATE. A truncate of the replicated table is one event. When only
-- a partition is truncated, which the subscriber need not have, its rows are written as deletes before they are gone;
-- PostgreSQL fires the triggers of every partition also when the whole table is truncated, so that is remembered for the
-- length of the statement.
create or replace function pgtide.capture_truncate(i_table oid, i_root oid, i_when text, i_event_table text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_mark text := format('%s %s', i_root, statement_timestamp());
    v_schema text;
    v_table text;
    v_pins text[];
begin
    if i_table <> i_root then
        if i_when = 'BEFORE' and current_setting('pgtide.truncating', true) is distinct from v_mark
                and (select relkind from pg_class where oid = i_table) = 'r' then
            v_pins := pgtide.pin_settings(null);
            execute pgtide.capture_statement(i_table, i_root, i_event_table, 'EMPTY');
            v_pins := pgtide.pin_settings(v_pins);
        end if;
    elsif i_when = 'BEFORE' then
        perform set_config('pgtide.truncating', v_mark, true);
    else
        perform set_config('pgtide.truncating', '', true);
        select n.nspname, c.relname into v_schema, v_table
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_root;
        execute format('insert into %s (ev_time, ev_type, ev_data, ev_extra1) values (now(), $1, ''{}'', $2)', i_event_table)
        using format('{"op":"TRUNCATE","table":[%s,%s],"pkey":%s}', to_json(v_schema), to_json(v_table),
                     to_json(pgtide.table_key(i_root))), v_schema || '.' || v_table;
    end if;
end;
$$;
