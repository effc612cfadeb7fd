-- pgtide.stage_rows(i_queue, i_tables)
--
-- On the subscriber, in replay's transaction, when the slice's other events are in pgtide_stage: decides how the rows of each row table
-- arrive, and creates the stages of those that arrive as rows.
--
-- Arguments: i_tables - row_tables of pgtide.slice_query
-- Returns: one row for each element of i_tables: nr, its number from 0; columns, the numbers of the provider's columns to be sent after
--          ev_id and ev_op; whole, those of them that are sent of deleted rows, too, of which the others are null; target, the COPY FROM
--          STDIN that takes them, in the binary format. All but nr are null if the rows are to be sent as events. What the provider
--          executes gets nothing but numbers from here: neither side may give the other statements to run
-- Writes: temporary table pgtide_typed; it creates pgtide_typed_<nr>
--
-- Rows arrive as rows if nothing but the set of last images per key is asked of them: the table is in step, has a key, and nothing else
-- in the slice is about it. What else there may be is done with events: parts of a copy, a TRUNCATE, a table that leaves the queue,
-- rows of two shapes, columns that are not here.
--
-- To take rows runs no code of users: stages have types of PostgreSQL's own, those in which the provider has stored the values. What turns
-- them into the types of the columns here, and checks them, is the statement that applies them (pgtide._take_typed).
--
-- pgtide_typed has a row for each table and operation:
--   table_name, tag, ev_type, op   as in events
--   relation, mark                 the table here, and pgtide._columns_mark of it. Nothing locks the table until rows are applied; if it
--                                  is changed meanwhile, pgtide.apply_stage finds another mark
--   names                          the provider's column names, as the keys of a JSON object
--   first_txid                     the first transaction whose rows are in the batch
--   stage                          the table pgtide_typed_<nr>: ev_id, ev_op, and c<attnum> with the types that the provider has stored
--   events                         the number of rows, once pgtide.measure_stage has counted them
create or replace function pgtide.stage_rows(i_queue text, i_tables jsonb)
returns table (nr int, columns int[], whole int[], target text) language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_table record;
    v_form record;
    -- These events change which rows are replicated.
    v_structure constant bool := exists (
        select from pg_temp.pgtide_stage s where s.ev_type in ('londiste.add-table', 'londiste.remove-table', 'pgtide.new-epoch'));
    v_with_events constant text[] := array(
        select distinct s.ev_extra1 from pg_temp.pgtide_stage s where (s.ev_type like '{%' or s.ev_type = 'R') and s.ev_extra1 is not null);
begin
    for v_table in
        select (x.nr - 1)::int as nr, x.item, x.item->>'table' as name, h.oid, pgtide._columns_mark(h.oid) as mark,
               not v_structure and h.oid is not null and t.merge_state = 'ok' and coalesce(s.phase, 'ok') = 'ok'
                   and (t.custom_snapshot is null or (x.item->>'first_txid')::bigint >= txid_snapshot_xmax(t.custom_snapshot::txid_snapshot))
                   and s.error is null and m.change is distinct from 'leaving' and x.item->>'table' <> all (v_with_events)
                   and count(*) over (partition by x.item->>'table') = 1 and x.item->>'tag' ~ '^pgtide:[0-9a-f]{8}$'
                   and x.item->'ev_types'->>'U' not like '%"pkey":[]}' as in_step
        from jsonb_array_elements(i_tables) with ordinality x (item, nr)
        left join londiste.table_info t on t.queue_name = i_queue and t.table_name = x.item->>'table' and t.local
        left join pgtide.table_state s on s.queue_name = i_queue and s.table_name = x.item->>'table'
        left join pgtide.member_change m on m.queue_name = i_queue and m.table_name = x.item->>'table'
        cross join lateral londiste.find_table_oid(coalesce(t.dest_table, t.table_name)) h (oid)
        order by x.nr
    loop
        nr := v_table.nr;
        columns := null; whole := null; target := null;
        if v_table.in_step then
            select f.* into v_form
            from pgtide._row_format(v_table.oid, v_table.item->'columns', (v_table.item->'ev_types'->>'U')::jsonb->'pkey',
                                    (v_table.item->>'version')::int) f;
            if v_form.fits then
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
