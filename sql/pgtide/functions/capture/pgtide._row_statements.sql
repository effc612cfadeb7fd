-- pgtide._row_statements(i_table, i_root, i_target, i_rows)
--
-- The SQL that writes the rows of one statement into a row table (pgq.row_table), from the transition tables pgtide_old and pgtide_new.
--
-- Arguments: i_table - the table that the trigger is on; i_root - the table that is replicated: i_table, or the partitioned table
--            above it; i_target - the row table as the statements name it; i_rows - its name without the number of the event table;
--            null: there is none, and no statements
-- Returns: table (statement, query): statement, one of INSERT, DELETE, UPDATE and UPDATE KEYS, as in pgtide.capture_statement; query, SQL:
--          for UPDATE KEYS three statements
-- Writes: nothing; the SQL that it returns writes the row table
-- Errors: 40001 the table was altered since the row table was chosen: its columns are others
--
-- Which rows are written in which order is as in pgtide.capture_statement.
create or replace function pgtide._row_statements(i_table oid, i_root oid, i_target text, i_rows text)
returns table (statement text, query text) language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_keyless bool := pgtide.table_key(i_root) = '{}';
    v_names text;
    v_values text;
    v_new text;
    v_old text;
    v_columns text;
begin
    if i_rows is null then
        return;
    end if;
    select string_agg(', c' || c.nr, '' order by c.nr), string_agg(', ' || c.expression, '' order by c.nr),
           string_agg(format(', %s as c%s', c.expression, c.nr), '' order by c.nr),
           string_agg(format(', %s as o%s', c.expression, c.nr), '' order by c.nr),
           string_agg(format('%I %s', c.column_name, c.stored), ', ' order by c.nr)
    into v_names, v_values, v_new, v_old, v_columns
    from (
        select r.nr, r.column_name, r.stored, r.expression from pgtide._row_columns(i_root) r where i_table = i_root
        union all
        -- A partition may have its columns in another order than the table above it.
        select r.nr, r.column_name, r.stored, c.expression
        from pgtide._row_columns(i_root) r join pgtide._row_columns(i_table) c using (column_name) where i_table <> i_root) c;
    if not exists (select from pgq.row_table t where format('pgq.rows_%s_%s', t.rt_queue, t.rt_id) = i_rows and t.rt_columns = v_columns) then
        raise exception 'table % was altered while its capture was made', pgtide.table_name(i_root) using errcode = '40001',
            hint = 'Try again.';
    end if;
    return query
        select s.statement,
               string_agg(format('insert into %s (ev_time, ev_op%s) select now(), %L%s from %s r', i_target, v_names, s.op, v_values, s.source),
                          '; ' order by s.nr)
        from pgtide._changed_rows(i_table, i_root) s
        where s.source is not null and s.statement not in ('EMPTY', 'FILL') and not (v_keyless and s.statement = 'UPDATE')
        group by s.statement;
    if v_keyless then
        -- A full join, because that cannot be a nested loop: the plan is made for the first statement's few rows, and kept.
        return query
            select 'UPDATE'::text, format('insert into %s (ev_time, ev_op%s%s) select now(), ''U''%s%s from'
                ' (select row_number() over () as position%s from pgtide_new) n full join'
                ' (select row_number() over () as position%s from pgtide_old) o using (position) order by position',
                i_target, v_names, replace(v_names, ', c', ', o'), replace(v_names, ', c', ', n.c'), replace(v_names, ', c', ', o.o'),
                v_new, v_old);
    end if;
end;
$$;
