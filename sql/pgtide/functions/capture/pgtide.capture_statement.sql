-- pgtide.capture_statement(i_table, i_root, i_event_table, i_op [, i_form])
--
-- The SQL that writes the rows of one statement into an event table, from the transition tables pgtide_old and pgtide_new, in the
-- shape that the table has now.
--
-- Arguments: i_table - the table that the trigger is on; i_root - the table that is replicated: i_table, or the partitioned table
--            above it; i_event_table - the event table, quoted; i_form - json or url (pgtide.event_form); json is used for a
--            table that has lost its key, which url cannot express; i_op - one of
--              INSERT, DELETE
--              UPDATE       no key has changed
--              UPDATE KEYS  some keys may have changed
--              EMPTY        the rows are read from the table itself, as the role that pgtide._capture_reader names, and written as
--                           deletes: a partition is about to be truncated
--              FILL         they are read so, and written as inserts
-- Returns: text, one statement, or three for UPDATE KEYS
-- Writes: nothing; the SQL that it returns writes the event table
--
-- A changed key becomes a delete of the old key and an insert of the new one; a key that one row leaves and another takes in the
-- same statement is an update. Deletes come first, so that for each key the order of events is that of the rows.
--
-- What the action of a foreign key to the same table (ON UPDATE CASCADE) changes is in the same transition tables, after the row
-- versions that it replaces. So a key may be there more than once: what has become of it is how often it was taken less how often
-- it was left, and its row is the last one. It may be left twice, if another part of the statement has inserted it in between
-- (pgtide.capture_check); then there are two deletes. It is taken twice only if a MERGE shows rows wrongly
-- (pgtide.settle_nesting), and then there are two inserts.
--
-- For an UPDATE of a table without a key the old row is written beside the new one (ev_extra2).
create or replace function pgtide.capture_statement(i_table oid, i_root oid, i_event_table text, i_op text, i_form text default 'json')
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text[] := pgtide.table_key(i_root);
    v_schema text;
    v_table text;
    v_columns text;
    v_insert text;
    v_type text;
    v_tags text;
    v_rows text;
    v_op text;
begin
    if v_key = '{}' then
        i_form := 'json';
    end if;
    select n.nspname, c.relname into v_schema, v_table
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_root;
    select coalesce(string_agg(c.expression || ' as ' || quote_ident(c.column_name), ', '), ''),
           quote_literal(v_schema || '.' || v_table) || ', '
           || quote_literal(pgtide.shape_tag(i_table))
    into v_columns, v_tags
    from pgtide._capture_columns(i_table) c;
    v_type := ',"table":[' || to_json(v_schema) || ',' || to_json(v_table) || '],"pkey":' || to_json(v_key) || '}';
    v_insert := 'insert into ' || i_event_table
        || ' (ev_time, ev_type, ev_extra1, ev_extra4, ev_data, ev_extra2) select now(), ';

    if i_op in ('EMPTY', 'FILL') then
        if pgtide._capture_reader(i_table) is distinct from 0 or row_security_active(i_table) then
            v_op := case i_op when 'EMPTY' then 'DELETE' else 'INSERT' end;
            return v_insert || quote_literal(case i_form when 'url' then left(v_op, 1) || ':' || array_to_string(v_key, ',')
                                             else '{"op":"' || v_op || '"' || v_type end)
                || format(', %s, %s, null from pgtide.capture_look(%s, %L, null, true) l', v_tags,
                          case i_form when 'url' then pgtide._url_expression(i_table, 'l.data::json') else 'l.data' end,
                          i_table, pgtide._look_query(i_table, i_root, i_form));
        end if;
    end if;
    if i_op = 'UPDATE' and v_key = '{}' then
        -- A full join, because that cannot be a nested loop: the plan is made for the first statement's few rows, and kept.
        v_rows := '(select row_number() over () as position, row_to_json(r.*)::text as data from (select ' || v_columns || ' from ';
        return v_insert || quote_literal('{"op":"UPDATE"' || v_type) || ', ' || v_tags || ', n.data, o.data from '
            || v_rows || 'pgtide_new) r) n full join ' || v_rows || 'pgtide_old) r) o using (position) order by position';
    end if;
    v_rows := ', ' || v_tags || case i_form when 'url' then ', r.data, null from (select ' || pgtide._url_expression(i_table) || ' as data from '
        else ', row_to_json(r.*)::text, null from (select ' || v_columns || ' from ' end;
    return (
        select string_agg(v_insert || quote_literal(case i_form when 'url' then s.op || ':' || array_to_string(v_key, ',')
                              else '{"op":"' || case s.op when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end || '"' || v_type end)
                          || v_rows || s.source || ' s) r', '; ' order by s.nr)
        from pgtide._changed_rows(i_table, i_root) s
        where s.statement = i_op);
end;
$$;
