-- pgtide._apply_keyless_row(i_table, i_nr, i_ev_id, i_op)
--
-- On the subscriber: applies one update or delete of a table without a key to exactly one row that is equal to the whole old
-- row.
--
-- Arguments: i_op - U or D
-- Returns: bool, true; false when no row is equal to the old one
-- Writes: the table
-- Errors: as pgtide.run
--
-- Values are compared as text, by their types' output functions, since types like json have no equality.
create or replace function pgtide._apply_keyless_row(i_table oid, i_nr int, i_ev_id bigint, i_op "char")
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_columns int[];
    v_statement text;
    -- An identity column GENERATED ALWAYS can be set by INSERT alone.
    v_replace bool;
    v_count int;
    v_runner text := (select w.runner from pg_temp.pgtide_work w where w.nr = i_nr);
begin
    execute format('select h.columns from pg_temp.pgtide_rows_%1$s r
                    join pg_temp.pgtide_shapes h on h.nr = %1$s and h.shape = r.shape where r.ev_id = $1', i_nr)
    into strict v_columns using i_ev_id;
    v_replace := i_op = 'U' and exists (
        select from pg_attribute a where a.attrelid = i_table and a.attnum = any (v_columns) and a.attidentity = 'a');
    select format(
        case when i_op = 'D' or v_replace then 'delete from %1$s t using %2$s r'
             else 'update %1$s t set %3$s from %2$s r' end
        || ' where r.ev_id = $1 and (t.tableoid, t.ctid) = (
                select f.tableoid, f.ctid from %1$s f
                cross join lateral %4$s
                where %5$s limit 1)',
        i_table::regclass, format('pg_temp.pgtide_rows_%s', i_nr),
        string_agg(format('%I = r.c%s', a.attname, a.attnum), ', ') filter (where a.attidentity <> 'a'),
        case when i_op = 'D' then format('(select %s from pg_temp.pgtide_rows_%s d where d.ev_id = $1) o',
                 string_agg(format('d.c%s as %I', a.attnum, a.attname), ', '), i_nr)
             else format('(select %s from pg_temp.pgtide_rows_%s u cross join lateral json_to_record(u.old_row) as x (%s) where u.ev_id = $1) o',
                 string_agg(format('x.%I::%s as %I', a.attname, format_type(a.atttypid, a.atttypmod), a.attname), ', '), i_nr,
                 string_agg(format('%I %s', a.attname, case when pgtide._base_type(a.atttypid) in ('json'::regtype, 'jsonb'::regtype)
                     then 'text' else format_type(a.atttypid, a.atttypmod) end), ', ')) end,
        coalesce(string_agg(format('%s is not distinct from %s', pgtide._type_text('f.' || quote_ident(a.attname), a.atttypid),
            pgtide._type_text('o.' || quote_ident(a.attname), a.atttypid)), ' and '), 'true'))
    into v_statement
    from pg_attribute a
    where a.attrelid = i_table and a.attnum = any (v_columns);
    v_count := pgtide.run(v_runner, v_statement, i_ev_id);
    if v_replace and v_count > 0 then
        perform pgtide.run(v_runner, (
            select format('insert into %s (%s) overriding system value select %s from pg_temp.pgtide_rows_%s r where r.ev_id = $1',
                i_table::regclass, string_agg(quote_ident(a.attname), ', ' order by a.attnum),
                string_agg('r.c' || a.attnum, ', ' order by a.attnum), i_nr)
            from pg_attribute a where a.attrelid = i_table and a.attnum = any (v_columns)), i_ev_id);
    end if;
    return v_count > 0;
end;
$$;
