-- pgtide._type_stage(i_name, i_table, i_nr, i_collapse, i_guess, i_lazy)
--
-- On the subscriber: turns the staged events of a table into typed rows. Rows that arrived as rows are typed already
-- (pgtide._take_typed).
--
-- Arguments: i_nr - the table's number in pgtide_work; i_collapse, i_guess, i_lazy - see below
-- Returns: bigint, the number of events that were collapsed away; 0 when none were; null when that was guessed from a sample
-- Writes: temporary tables pgtide_shapes and pgtide_groups. For this table it creates, and drops first if they are there,
--         pgtide_rows_<i_nr> (a table or a view), pgtide_row_<i_nr>, pgtide_events_<i_nr>; pgtide_last_<i_nr> is dropped at
--         the end
-- Errors: TD004 an event has a column that the table lacks, or a key with a column that the table lacks; as pgtide.run
--
-- pgtide_rows_<i_nr> has the columns
--   ev_id
--   op         I, U or D, as the event says, or as the collapse says
--   shape      the number of the shape
--   c<attnum>  the columns, as the subscriber has them
--   old_row    JSON; for tables without a key
-- pgtide_shapes gets a row for each kind of event, by its type and column list: nr, shape, ev_type, tag, columns and key
-- (attnums), same_key (the condition that row r of pgtide_rows is row t of the table), groups (whether GROUP BY compares
-- keys in the same way). pgtide_groups gets the numbers of rows: nr, op, shape, rows.
--
-- An event says by its tag (ev_extra4) which column list it has. Each event without a tag is read to find out. Columns that
-- are generated here are left to be generated.
--
-- With i_collapse only the last image per key is typed (pgtide._collapse_stage), if one key tells all rows apart. With
-- i_guess the keys of events of one kind may be taken as distinct after a look at a sample.
--
-- If the table's code runs as its owner (pgtide_work.runner), the typing does too. It reads pgtide_events_<i_nr>, a table of
-- these events alone: the owner may read nothing else of the stage.
--
-- With i_lazy, events of one kind that are applied set-wise and not collapsed become a view: the one statement that applies
-- them types them as it reads them. A value that does not fit then fails in that statement.
create or replace function pgtide._type_stage(i_name text, i_table oid, i_nr int, i_collapse bool, i_guess bool, i_lazy bool)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before record;
    v_columns text;
    v_values text;
    v_shape_nr text;
    v_op text;
    v_old_row text;
    v_rows_query text;
    v_source text;
    v_quick_key text;
    v_keys text;
    v_rows bigint;
    v_repeated bool := false;
    v_lazy bool;
    v_groups bool;
    v_runner text := (select w.runner from pg_temp.pgtide_work w where w.nr = i_nr);
    v_tag text;
    v_stage text;
begin
    delete from pg_temp.pgtide_shapes where nr = i_nr;
    delete from pg_temp.pgtide_groups where nr = i_nr;
    for v_before in select c.relname, c.relkind from pg_class c where c.oid = to_regclass('pg_temp.pgtide_rows_' || i_nr) loop
        execute format('drop %s pg_temp.%s', case v_before.relkind when 'v' then 'view' else 'table' end, v_before.relname);
    end loop;
    execute format('drop table if exists pg_temp.pgtide_row_%1$s, pg_temp.pgtide_events_%1$s', i_nr);
    v_tag := pgtide._note_shapes(i_name, i_table, i_nr);
    v_stage := (select min(t.stage) from pg_temp.pgtide_typed t where t.table_name = i_name);
    if v_stage is not null then
        return pgtide._take_typed(i_name, i_table, i_nr, v_stage, i_collapse, i_guess, i_lazy);
    end if;

    -- All columns of any shape, read once; for deletes by key, the key's columns. json and jsonb are read as text, so that
    -- a json string stays one.
    select string_agg(format('%I %s', a.attname, case when t.base in ('json'::regtype, 'jsonb'::regtype) then 'text'
                             else format_type(a.atttypid, a.atttypmod) end), ', ' order by a.attnum),
           string_agg(format('(s.x).%I::%s as c%s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnum), ', ' order by a.attnum)
    into v_columns, v_values
    from (select distinct unnest(case when ev_type like '{"op":"DELETE"%' and key <> '{}' then key else columns || key end) as attnum
          from pg_temp.pgtide_shapes where nr = i_nr) c
    join pg_attribute a on a.attrelid = i_table and a.attnum = c.attnum
    cross join lateral (select pgtide._base_type(a.atttypid) as base) t;
    if v_columns is null then
        v_columns := 'nothing text';
        v_values := '(s.x).nothing';
    end if;
    v_groups := pgtide._note_keys(i_table, i_nr);
    -- To group by a value of a type that a user has created, this role would have to read the value.
    if v_runner is not null and exists (
            select from pg_temp.pgtide_shapes h cross join unnest(h.key) k
            join pg_attribute a on a.attrelid = i_table and a.attnum = k
            where h.nr = i_nr and pgtide._base_type(a.atttypid) >= 16384) then
        update pg_temp.pgtide_shapes h set groups = false where h.nr = i_nr;
        v_groups := false;
    end if;
    if i_collapse and v_groups
            and (select count(distinct key) = 1 and min(cardinality(key)) > 0 from pg_temp.pgtide_shapes where nr = i_nr) then
        v_repeated := pgtide._collapse_stage(i_name, i_table, i_nr,
            i_guess and (select count(*) = 1 from pg_temp.pgtide_shapes where nr = i_nr));
    end if;
    select i_lazy and v_runner is null and v_groups and v_repeated is not true and count(*) = 1
               and bool_and(h.key <> '{}' or h.ev_type like '{"op":"INSERT"%'),
           case when count(*) = 1 and min(h.ev_type) like '{"op":"DELETE"%' then pgtide._quick_key(i_table, i_nr) end
    into v_lazy, v_quick_key
    from pg_temp.pgtide_shapes h where h.nr = i_nr;
    -- A separate row type: to_record() in FROM would first put each row into a set, and json_.. would build a hash table for it.
    execute format('create temp table pgtide_row_%s (%s) on commit drop', i_nr, v_columns);
    select case when count(*) = 1 and bool_and(h.tag like 'pgtide:%') then min(h.shape)::text
                else 'case ' || string_agg(format('when s.ev_type = %L and %s = %L then %s', h.ev_type, v_tag, h.tag, h.shape), ' ') || ' end' end,
           case when count(distinct substr(h.ev_type, 8, 1)) = 1 then format('%L', min(substr(h.ev_type, 8, 1)))
                else 'substr(s.ev_type, 8, 1)' end,
           case when bool_or(h.key = '{}') then 's.ev_extra2::json' else 'null::json' end
    into v_shape_nr, v_op, v_old_row
    from pg_temp.pgtide_shapes h where h.nr = i_nr;
    v_source := format('%s s where s.ev_extra1 = %L and s.ev_type like ''{%%'' and s.ev_type not like ''{"op":"TRUNCATE"%%''',
        case when v_repeated then format('(select s.*, l.existed from pg_temp.pgtide_stage s join pg_temp.pgtide_last_%s l using (ev_id)
             where not (l.existed = 0 and s.ev_type like ''{"op":"DELETE"%%'') offset 0)', i_nr)
             else 'pg_temp.pgtide_stage' end,
        i_name);
    if v_runner is not null then
        execute format('create temp table pgtide_events_%s on commit drop as select s.* from %s', i_nr, v_source);
        perform pgtide._grant_to_owner('pgtide_events_' || i_nr, i_table);
        v_source := format('pg_temp.pgtide_events_%s s', i_nr);
    end if;
    if v_lazy and v_quick_key is not null then
        v_values := format('%s as c%s', v_quick_key, (select h.key[1] from pg_temp.pgtide_shapes h where h.nr = i_nr));
    else
        -- offset 0: each event is parsed once, and only after it is known to be a last image.
        v_source := format('(select s.*, jsonb_populate_record(null::pg_temp.pgtide_row_%s, s.ev_data::jsonb) as x from %s offset 0) s',
            i_nr, v_source);
    end if;
    v_rows_query := format('select s.ev_id, (%s)::"char" as op, %s as shape, %s as old_row, %s from %s',
        case when v_repeated then 'case when s.ev_type like ''{"op":"DELETE"%'' then ''D'' when s.existed = 0 then ''I'' else ''U'' end'
             else v_op end,
        v_shape_nr, v_old_row, v_values, v_source);
    if v_lazy then
        execute format('create temp view pgtide_rows_%s as %s', i_nr, v_rows_query);
        insert into pg_temp.pgtide_groups
        select i_nr, k.op, 1, sum(k.events) from pg_temp.pgtide_kinds k where k.table_name = i_name and k.op <> 'T' group by k.op;
        return case when v_repeated is not null then 0 end;
    end if;
    execute format('create temp table pgtide_rows_%s on commit drop as %s with no data', i_nr, v_rows_query);
    perform pgtide._keep_wide(format('pg_temp.pgtide_rows_%s', i_nr)::regclass);
    if v_runner is not null then
        perform pgtide._grant_to_owner('pgtide_rows_' || i_nr, i_table);
    end if;
    v_rows := pgtide.run(v_runner, format('insert into pg_temp.pgtide_rows_%s %s', i_nr, v_rows_query));
    if v_repeated then
        execute format('drop table pg_temp.pgtide_last_%s', i_nr);
    end if;
    execute format('insert into pg_temp.pgtide_groups select %1$s, op, shape, count(*) from pg_temp.pgtide_rows_%1$s group by op, shape', i_nr);
    if v_rows > 10000 then
        -- As for the stage. The statistics of a type that a user has created may call functions.
        select string_agg(distinct ', c' || k, '') into v_keys
        from pg_temp.pgtide_shapes h cross join unnest(h.key) k
        join pg_attribute a on a.attrelid = i_table and a.attnum = k and (v_runner is null or a.atttypid < 16384)
        where h.nr = i_nr;
        execute format('analyze pg_temp.pgtide_rows_%s (op, shape%s)', i_nr, v_keys);
    end if;
    return case when v_repeated is null then null when v_repeated then (
        select sum(events) from pg_temp.pgtide_kinds where table_name = i_name and op <> 'T') - v_rows else 0 end;
end;
$$;
