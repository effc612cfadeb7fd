-- pgtide.stage_rows(i_queue, i_tables, i_in_place)
--
-- On the subscriber, in replay's transaction, when the slice's other events are in pgtide_stage: decides how the rows of each row table
-- arrive, and creates the stages of those that arrive as rows.
--
-- Arguments: i_tables - row_tables of pgtide.slice_query; i_in_place - inserted rows may arrive in place: the transaction is in replica mode,
--            and rows that are there already are not overwritten
-- Returns: one row for each element of i_tables: nr, its number from 0; in_place, whether the rows are inserted into the table itself;
--          columns, the numbers of the provider's columns to be sent, after ev_id and ev_op unless the rows are inserted in place; whole,
--          those of them that are sent of deleted rows, too, of which the others are null; target, the COPY FROM STDIN that takes them, in
--          the binary format. target is null if the rows are to be sent as events. What the provider executes gets nothing but numbers from
--          here: neither side may give the other statements to run
-- Writes: temporary table pgtide_typed; it creates pgtide_typed_<nr>; as pgtide._hold_for_copy
-- Errors: as pgtide._hold_for_copy
--
-- Rows arrive as rows if nothing but the set of last images per key is asked of them: the table is in step, has a key, and nothing else
-- in the slice is about it. What else there may be is done with events: parts of a copy, a TRUNCATE, a table that leaves the queue,
-- rows of two shapes, columns that are not here.
--
-- Rows of a table that are all inserted arrive in place if the slice has nothing but rows, and COPY does in this table what INSERT does
-- (pgtide._takes_copy); then the table needs no key. Invariant: nothing that is decided later in the slice concerns these rows, or TD013
-- undoes them: pgtide.judge_stage raises it if the table is not in step any more or has parked events, pgtide.apply_stage if its types do not
-- fit, rows of another name are applied to it, or its name means another table. Whatever fails in the COPY undoes the slice, too, which is
-- then replayed with events: these show which row fails, and what is to be done with its table.
--
-- To take rows runs no code of users: stages have types of PostgreSQL's own, those in which the provider has stored the values. What turns
-- them into the types of the columns here, and checks them, is the statement that applies them (pgtide._take_typed). Rows in place
-- have the types of their table, whose triggers and checks run no such code either.
--
-- pgtide_typed has a row for each table and operation:
--   table_name, tag, ev_type, op   as in events
--   relation, mark                 the table here, and pgtide._columns_mark of it. Nothing locks the table until rows are applied; if it
--                                  is changed meanwhile, pgtide.apply_stage finds another mark. Null for rows in place: their table is locked
--   names                          the provider's column names, as the keys of a JSON object
--   first_txid                     the first transaction whose rows are in the batch
--   stage                          the table pgtide_typed_<nr>: ev_id, ev_op, and c<attnum> with the types that the provider has stored;
--                                  null: the rows are in place
--   events                         the number of rows, for staged ones once pgtide.measure_stage has counted them
create or replace function pgtide.stage_rows(i_queue text, i_tables jsonb, i_in_place bool)
returns table (nr int, in_place bool, columns int[], whole int[], target text) language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_table record;
    v_form record;
    v_stage record;
begin
    -- structure: there are events that change which rows are replicated; rows_only: there is nothing but rows; names: the tables of events.
    select coalesce(bool_or(g.structure), false) as structure, coalesce(bool_and(g.rows_only), true) as rows_only,
           coalesce(array_agg(g.ev_extra1) filter (where g.named), '{}') as names
    into v_stage
    from (select s.ev_extra1, bool_or(s.ev_type in ('londiste.add-table', 'londiste.remove-table', 'pgtide.new-epoch')) as structure,
                 bool_and(coalesce(s.ev_extra1 is not null and s.ev_type like '{%' and s.ev_type not like '{"op":"TRUNCATE"%', false)) as rows_only,
                 s.ev_extra1 is not null and bool_or(s.ev_type like '{%' or s.ev_type = 'R') as named
          from pg_temp.pgtide_stage s group by s.ev_extra1) g;
    for v_table in
        select (x.nr - 1)::int as nr, x.item, x.item->>'table' as name, n.name as local_name, h.oid,
               pgtide._columns_mark(h.oid) as mark,
               not v_stage.structure and h.oid is not null and t.merge_state = 'ok' and coalesce(s.phase, 'ok') = 'ok'
                   and (t.custom_snapshot is null or (x.item->>'first_txid')::bigint >= txid_snapshot_xmax(t.custom_snapshot::txid_snapshot))
                   and s.error is null and m.change is distinct from 'leaving' and x.item->>'table' <> all (v_stage.names)
                   and count(*) over (partition by x.item->>'table') = 1 and x.item->>'tag' ~ '^pgtide:[0-9a-f]{8}$'
                   as in_step,
               x.item->'ev_types'->>'U' like '%"pkey":[]}' as keyless,
               i_in_place and v_stage.rows_only and (x.item->>'inserts')::bool as inserted
        from jsonb_array_elements(i_tables) with ordinality x (item, nr)
        left join londiste.table_info t on t.queue_name = i_queue and t.table_name = x.item->>'table' and t.local
        left join pgtide.table_state s on s.queue_name = i_queue and s.table_name = x.item->>'table'
        left join pgtide.member_change m on m.queue_name = i_queue and m.table_name = x.item->>'table'
        cross join lateral (select coalesce(t.dest_table, t.table_name) as name) n
        cross join lateral londiste.find_table_oid(n.name) h (oid)
        order by 3
    loop
        nr := v_table.nr;
        in_place := false; columns := null; whole := null; target := null;
        if v_table.in_step and (v_table.inserted or not v_table.keyless) then
            select f.* into v_form
            from pgtide._row_format(v_table.oid, v_table.item->'columns', (v_table.item->'ev_types'->>'U')::jsonb->'pkey',
                                    (v_table.item->>'version')::int) f;
            if v_form.fits and v_table.inserted and v_form.table_columns is not null then
                in_place := pgtide._hold_for_copy(v_table.oid, v_table.local_name, v_table.mark);
            end if;
            if in_place then
                insert into pg_temp.pgtide_typed (table_name, relation, op, tag, ev_type, names, first_txid, events)
                values (v_table.name, v_table.oid, 'I', v_table.item->>'tag', v_table.item->'ev_types'->>'I', v_form.names,
                        (v_table.item->>'first_txid')::bigint, (v_table.item->>'rows')::bigint);
                columns := v_form.sent;
                target := format('copy %s (%s) from stdin (format binary)', v_table.oid::regclass, v_form.table_columns);
            elsif v_form.fits and not v_table.keyless then
                execute format('create temp table pgtide_typed_%s (ev_id bigint, ev_op "char", %s) on commit drop', nr, v_form.definitions);
                perform pgtide._keep_wide(format('pg_temp.pgtide_typed_%s', nr)::regclass);
                insert into pg_temp.pgtide_typed (table_name, relation, mark, op, tag, ev_type, names, first_txid, stage)
                select v_table.name, v_table.oid, v_table.mark, o.key::"char", v_table.item->>'tag', o.value, v_form.names,
                       (v_table.item->>'first_txid')::bigint, 'pg_temp.pgtide_typed_' || v_table.nr
                from jsonb_each_text(v_table.item->'ev_types') o;
                columns := v_form.sent;
                whole := v_form.whole;
                target := format('copy pg_temp.pgtide_typed_%s (ev_id, ev_op, %s) from stdin (format binary)', nr, v_form.taken);
            end if;
        end if;
        return next;
    end loop;
end;
$$;
