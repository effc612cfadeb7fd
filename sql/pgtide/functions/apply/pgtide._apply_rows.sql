-- pgtide._apply_rows(i_table, i_nr, i_op, i_ev_id, i_overwrite)
--
-- On the subscriber: applies the typed rows of one operation, with one statement for each column list.
--
-- Arguments: i_op - D, U or I; i_ev_id - only this event (exact replay), null: all rows; i_overwrite - an update that finds
--            no row inserts it, and an insert that finds one updates it
-- Returns: changed, the number of rows changed; missing, the number of updates and deletes that found none; conflicts, the
--          number of inserts that found one, only with i_overwrite; all 0 when there are no such rows
-- Writes: the table
-- Errors: TD007 with i_overwrite, an update that holds only the changed columns found no row, and cannot become an insert;
--         23505 unique_violation without i_overwrite, an insert found a row; as pgtide.run, pgtide._apply_identity
create or replace function pgtide._apply_rows(i_table oid, i_nr int, i_op "char", i_ev_id bigint, i_overwrite bool,
    out changed bigint, out missing bigint, out conflicts bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_shape record;
    v_shapes record;
    v_where text;
    v_same_key text;
    v_expected bigint;
    v_count bigint;
    v_rows text := format('pg_temp.pgtide_rows_%s', i_nr);
    v_runner text := (select w.runner from pg_temp.pgtide_work w where w.nr = i_nr);
begin
    changed := 0; missing := 0; conflicts := 0;
    execute format('select array_agg(g.shape) as shapes, array_agg(g.rows) as rows, bool_and(g.alone) as alone from (%s) g where g.op = $1',
        case when i_ev_id is null
             then format('select op, shape, rows, count(*) over () = 1 as alone from pg_temp.pgtide_groups where nr = %s', i_nr)
             else format('select op, shape, 1::bigint as rows, false as alone from %s where ev_id = %s', v_rows, i_ev_id) end)
    into v_shapes using i_op;
    for i in 1 .. coalesce(cardinality(v_shapes.shapes), 0) loop
        select h.shape, h.columns, h.key, h.same_key, h.tag like 'pgtide:sql:%' and h.ev_type like '{"op":"UPDATE"%' as partial into v_shape
        from pg_temp.pgtide_shapes h where h.nr = i_nr and h.shape = v_shapes.shapes[i];
        v_expected := v_shapes.rows[i];
        v_where := case when i_ev_id is not null then 'r.ev_id = ' || i_ev_id
                        when v_shapes.alone then 'true'
                        else format('r.op = %L and r.shape = %s', i_op, v_shape.shape) end;
        v_same_key := v_shape.same_key;

        v_count := 0;
        if i_op <> 'I' or i_overwrite then
            v_count := pgtide.run(v_runner, (
                select format(
                    case when i_op = 'D' then 'delete from %1$s t using %2$s r where %3$s and %4$s'
                         when count(*) = 0 then 'select from %1$s t join %2$s r on %4$s where %3$s'
                         else 'update %1$s t set %5$s from %2$s r where %3$s and %4$s' end,
                    i_table::regclass, v_rows, v_where, v_same_key, string_agg(format('%I = r.c%s', a.attname, a.attnum), ', '))
                from pg_attribute a
                -- An identity column GENERATED ALWAYS can be set by INSERT alone: pgtide._apply_identity.
                where a.attrelid = i_table and a.attnum = any (v_shape.columns) and a.attidentity <> 'a'));
            if i_op = 'U' and exists (select from pg_attribute a where a.attrelid = i_table and a.attidentity = 'a'
                                      and a.attnum = any (v_shape.columns) and a.attnum <> all (v_shape.key)) then
                perform pgtide._apply_identity(i_table, i_nr, v_shape.columns, v_where || ' and ' || v_same_key);
            end if;
        end if;
        if i_overwrite and i_op = 'U' and v_count < v_expected and v_shape.partial then
            raise exception 'table %: an update that holds only what it changed found no row, and cannot become one',
                pgtide.table_name(i_table) using errcode = 'TD007';
        end if;
        if i_op = 'I' or i_overwrite and i_op = 'U' and v_count < v_expected then
            perform pgtide.run(v_runner, (
                select format('insert into %1$s %2$s overriding system value select %3$s from %4$s r where %5$s%6$s',
                    i_table::regclass, '(' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')',
                    string_agg('r.c' || a.attnum, ', ' order by a.attnum), v_rows, v_where,
                    case when i_overwrite then format(' and not exists (select from %s t where %s)', i_table::regclass, v_same_key) else '' end)
                from pg_attribute a where a.attrelid = i_table and a.attnum = any (v_shape.columns)));
        end if;
        if i_op = 'I' then
            conflicts := conflicts + v_count;
        else
            missing := missing + v_expected - v_count;
        end if;
        changed := changed + case when i_op = 'I' then v_expected else v_count end;
    end loop;
end;
$$;
