-- pgtide._take_typed(i_name, i_table, i_nr, i_stage, i_collapse, i_guess, i_lazy)
--
-- On the subscriber: makes pgtide_rows_<i_nr> of the rows of a table that arrived as rows. For pgtide._type_stage, which has noted the
-- table's shapes, one for each operation.
--
-- Arguments: i_stage - the stage; the others as for pgtide._type_stage
-- Returns: as pgtide._type_stage
-- Writes: temporary table pgtide_groups; it creates pgtide_rows_<i_nr> (a view of the stage if i_lazy is true, GROUP BY compares the key
--         as its index does, and no key repeats); it creates and drops pgtide_last_<i_nr>
--
-- Values get the types of the columns here, without their modifiers and domains, which are assigned by the statement that applies them.
--
-- The last image per key is found as in pgtide._collapse_stage: the first row of a key says whether the key existed before the slice (an
-- insert: no), and the last whether it exists afterwards (a delete: no). An image holds all columns, so the last one stands for all.
create or replace function pgtide._take_typed(i_name text, i_table oid, i_nr int, i_stage text, i_collapse bool, i_guess bool, i_lazy bool)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_runner constant text := (select w.runner from pg_temp.pgtide_work w where w.nr = i_nr);
    v_events constant bigint := (select sum(k.events) from pg_temp.pgtide_kinds k where k.table_name = i_name);
    -- By attnum, the SQL that gives the value of a column.
    v_values jsonb;
    v_key text;
    v_shape text;
    v_columns text;
    v_rows bigint;
    v_groups bool;
    v_repeated bool := false;
    v_query text;
begin
    select jsonb_object_agg(a.attnum, case
               when g.atttypid = b.oid then 'r.c' || a.attnum
               when g.atttypid = 'text'::regtype then pgtide._text_as('r.c' || a.attnum, b.oid)
               else format('(r.c%s)::%s', a.attnum, format_type(b.oid, -1)) end)
    into v_values
    from pg_attribute a
    join pg_attribute g on g.attrelid = to_regclass(i_stage) and g.attname = 'c' || a.attnum
    cross join lateral pgtide._base_type(a.atttypid) b (oid)
    where a.attrelid = i_table and a.attnum > 0 and not a.attisdropped;
    select string_agg((v_values->>k.attnum::text) || k.collated, ', ' order by k.nr) into v_key
    from (select h.key from pg_temp.pgtide_shapes h where h.nr = i_nr limit 1) h
    cross join lateral pgtide._key_equality(i_table, h.key) k;
    v_groups := pgtide._note_keys(i_table, i_nr);
    if i_collapse and v_groups then
        if i_guess then
            -- The sample has pages from everywhere: at the start alone, hot rows that are updated in turn would look distinct.
            execute format('select count(*) > count(distinct (%s)) from %s r tablesample system (%s) repeatable (0)',
                v_key, i_stage, least(100, 100000.0 / v_events)) into v_repeated;
            v_repeated := nullif(v_repeated, false);
        end if;
        if v_repeated or not i_guess then
            -- The low bit carries the operation through min(): 0 insert, 1 other.
            execute format(
                'create temp table pgtide_last_%s on commit drop as
                 select max(r.ev_id) as ev_id, min(r.ev_id * 2 + case r.ev_op when ''I'' then 0 else 1 end) & 1 as existed from %s r group by %s',
                i_nr, i_stage, v_key);
            get diagnostics v_rows = row_count;
            v_repeated := v_rows < v_events;
            if v_repeated then
                execute format('analyze pg_temp.pgtide_last_%s', i_nr);
            else
                execute format('drop table pg_temp.pgtide_last_%s', i_nr);
            end if;
        end if;
    end if;
    select 'case r.ev_op ' || string_agg(format('when %L then %s', substr(h.ev_type, 8, 1), h.shape), ' ') || ' end' into v_shape
    from pg_temp.pgtide_shapes h where h.nr = i_nr;
    select string_agg(format('%s as c%s', v.value, v.key), ', ' order by v.key::int) into v_columns from jsonb_each_text(v_values) v;
    if v_repeated then
        v_query := format(
            'select r.ev_id, (case when r.ev_op = ''D'' then ''D'' when l.existed = 0 then ''I'' else ''U'' end)::"char" as op, %s as shape,
                 null::json as old_row, %s
             from pg_temp.pgtide_last_%s l join %s r on r.ev_id = l.ev_id where not (l.existed = 0 and r.ev_op = ''D'')', v_shape, v_columns, i_nr, i_stage);
    else
        v_query := format('select r.ev_id, r.ev_op as op, %s as shape, null::json as old_row, %s from %s r', v_shape, v_columns, i_stage);
    end if;
    if i_lazy and v_groups and v_repeated is not true then
        execute format('create temp view pgtide_rows_%s as %s', i_nr, v_query);
        insert into pg_temp.pgtide_groups
        select i_nr, k.op, h.shape, k.events
        from pg_temp.pgtide_kinds k join pg_temp.pgtide_shapes h on h.nr = i_nr and h.ev_type = k.ev_type where k.table_name = i_name;
    else
        execute format('create temp table pgtide_rows_%s on commit drop as %s with no data', i_nr, v_query);
        perform pgtide._keep_wide(format('pg_temp.pgtide_rows_%s', i_nr)::regclass);
        execute format('insert into pg_temp.pgtide_rows_%s %s', i_nr, v_query);
        get diagnostics v_rows = row_count;
        execute format('insert into pg_temp.pgtide_groups select %1$s, op, shape, count(*) from pg_temp.pgtide_rows_%1$s group by op, shape', i_nr);
        if v_rows > 10000 then
            execute format('analyze pg_temp.pgtide_rows_%s (op, shape, %s)', i_nr, (
                select string_agg(distinct 'c' || k, ', ') from pg_temp.pgtide_shapes h cross join unnest(h.key) k where h.nr = i_nr));
        end if;
        if v_repeated then
            execute format('drop table pg_temp.pgtide_last_%s', i_nr);
        end if;
    end if;
    if v_runner is not null then
        perform pgtide._grant_to_owner('pgtide_rows_' || i_nr, i_table);
    end if;
    return case when v_repeated is null then null when v_repeated then v_events - v_rows else 0 end;
end;
$$;
