-- pgtide._capture_branches(i_queue_id, i_table, i_root, i_shape, i_rows)
--
-- The parts of a capture function that there are once for each event table of the queue. See pgtide._capture_function, also for the reasons.
--
-- Arguments: i_table, i_root, as in pgtide._capture_function; i_shape, the table's shape (pgtide.capture_shape); i_rows, the row table
--            (pgtide._row_table) into which the statements write, without its number; null: the event table
-- Returns: known - the call of pgtide.capture_known_route
--          shortcuts - the branches of the shortcut, which check and write in one statement; without the last "end if"
--          branches - the branches of the long way, which begin with "elsif"
-- Writes: nothing
-- Errors: 40001 as pgtide._row_statements
create or replace function pgtide._capture_branches(i_queue_id int, i_table oid, i_root oid, i_shape text, i_rows text,
    out known text, out shortcuts text, out branches text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue pgq.queue;
    v_form text;
    v_keys text;
    v_event_tables text;
    -- PgQ's own extension invalidates no plans when pgq.queue changes: there each statement reads the row.
    v_notified bool := to_regprocedure('pgq._queue_changed()') is not null;
    -- Stands for the event table in the statements, which are made once for all event tables: columns may have any other name.
    v_token text := 'event_table_' || md5(random()::text);
    v_event_table text;
    v_here text;
    v_made text[];
    v_ways text[];
    v_same_key text := pgtide.key_match(i_root, 'o', 'n');
    v_checks text[];
    v_same_order text;
begin
    select * into strict v_queue from pgq.queue where queue_id = i_queue_id;
    v_form := pgtide.event_form(v_queue.queue_name, pgtide.table_name(i_root));
    shortcuts := '';
    branches := '';
    select string_agg(quote_ident(k), ', ') into v_keys from unnest(pgtide.table_key(i_root)) k;
    select string_agg(quote_literal(to_regclass(format('%s_%s', v_queue.queue_data_pfx, nr))::oid), ', ' order by nr)
    into v_event_tables from generate_series(0, v_queue.queue_ntables - 1) nr;
    known := format('pgtide.capture_known_route(%L, %L, %L, %s, %s)', i_table, i_root, i_shape, i_queue_id, v_event_tables);

    select array_agg(case when i_rows is null then pgtide.capture_statement(i_table, i_root, v_token, op, v_form) else s.query end order by nr)
    into v_made from unnest('{INSERT,UPDATE,DELETE,UPDATE KEYS}'::text[]) with ordinality o (op, nr)
    left join pgtide._row_statements(i_table, i_root, v_token, i_rows) s on s.statement = op and i_rows is not null
    where op <> 'UPDATE KEYS' or v_keys is not null;
    select array_agg(pgtide.capture_check(i_table, i_root, op) order by nr)
    into v_checks from unnest('{ROW,DELETE,UPDATE}'::text[]) with ordinality o (op, nr);

    -- Both transition tables have the rows in one order. So if no key has changed, two arrays of the keys are equal. To build these takes less
    -- time than to compare sets, and little memory if the values are short.
    select case when bool_and(y.oid < 16384 and y.typtype = 'b' and y.typlen > 0 and y.typarray <> 0)
                then 'not exists (select from pgtide_old offset 1000000)' || string_agg(format(
                    ' and (select array_agg(%1$I) from pgtide_old) = (select array_agg(%1$I) from pgtide_new)', k.name), '') else 'false' end
    into v_same_order
    from unnest(pgtide.table_key(i_root)) k (name)
    join pg_attribute a on a.attrelid = i_root and a.attname = k.name join pg_type y on y.oid = a.atttypid;
    for v_nr in 0 .. v_queue.queue_ntables - 1 loop
        v_event_table := format('%s_%s', coalesce(i_rows, v_queue.queue_data_pfx), v_nr);
        v_ways := array(select replace(m.statement, v_token, v_event_table) from unnest(v_made) with ordinality m (statement, nr) order by m.nr);
        v_here := format(case when v_notified then ' where pgtide.known_event_table(%1$s, %3$s) = %2$s' else
            ' where exists (select from pgq.queue q where q.queue_id = %1$s and q.queue_cur_table = %2$s and not q.queue_disable_insert'
            ' and (current_setting(''transaction_isolation'') = ''read committed'' or currtid2(''pgq.queue'', q.ctid) = q.ctid))' end,
            i_queue_id, v_nr, v_event_tables);
        shortcuts := shortcuts || format('        %s %s = %s then
            if tg_op = ''INSERT'' then
                %s;
', case v_nr when 0 then 'if' else 'elsif' end, known, v_nr, v_ways[1] || v_here);
        if v_keys is not null then
            shortcuts := shortcuts || format('            elsif tg_op = ''UPDATE'' then
                %s;
', v_ways[2] || v_here || format(' and case when exists (select from pgtide_old offset 1) then false'
                ' else exists (select from pgtide_old o, pgtide_new n where %s) end',
                v_same_key));
        end if;
        shortcuts := shortcuts || format('            elsif tg_op = ''DELETE'' then
                %s;
            end if;
', v_ways[3] || v_here || format(' and case when exists (select from pgtide_old offset 1) then false else not (%s) end',
                v_checks[1]));
        branches := branches || format('        elsif v_current = %s then
            if tg_op = ''INSERT'' then
                %s;
            elsif tg_op = ''DELETE'' then
                %s;
                v_there := (%s);
', v_nr, v_ways[1], v_ways[3], v_checks[2]);
        if v_keys is not null then
            branches := branches || format('            elsif (case when %4$s then false
                    else exists (select %1$s from pgtide_old except all select %1$s from pgtide_new) end) then
                execute %2$L;
                execute %3$L into v_there;
', v_keys, v_ways[4], v_checks[3], v_same_order);
        end if;
        branches := branches || format('            else
                %s;
            end if;
', v_ways[2]);
    end loop;
end;
$$;
