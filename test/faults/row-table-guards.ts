/** The guards that keep row tables exact: see guards.ts. */
import { globSync } from 'node:fs';
import type { Guard } from './guards.ts';

const top = new URL('../../', import.meta.url);
const sql = (name: string) => globSync(`sql/*/functions/**/${name}.sql`, { cwd: top })[0] ?? name;
const retire = sql('pgtide.retire_row_tables');
const sessions = 'test/sql/row-tables-sessions.test.ts';
const stageRows = sql('pgtide.stage_rows');
const asRows = 'test/flow/rows-as-rows.test.ts';
const inPlace = 'test/flow/rows-in-place.test.ts';
const inPlaceFailures = 'test/flow/rows-in-place-failures.test.ts';
const sliceEnd = 'test/sql/slice-end.test.ts';

export const rowTableGuards: Guard[] = [
  {
    name: 'rows and events of one batch are in one order',
    file: sql('pgq.batch_event_sql'),
    breaks: [["               || ' order by 1'\n", '']],
    noticedBy: ['test/sql/row-tables.test.ts', 'in the order of both'],
  },
  {
    name: 'rows of nested statements are settled, too',
    file: sql('pgtide.merge_nested'),
    breaks: [['perform pgtide._rows_to_events(i_event_parent, i_name, i_inner);', '']],
    noticedBy: ['test/sql/capture-order.test.ts', 'keeps the order'],
  },
  {
    name: 'an old snapshot knows all row tables',
    file: sql('pgtide._refuse_old_row_tables'),
    breaks: [["if current_setting('transaction_isolation') = 'read committed' or", 'if true or']],
    noticedBy: [sessions, 'an old snapshot'],
  },
  {
    name: 'a new shape is captured as events until it has a row table',
    file: sql('pgtide._capture_route'),
    breaks: [['return case when pgtide.capture_shape(i_table, i_root) = i_shape', 'return case when true']],
    noticedBy: ['test/sql/row-tables.test.ts', 'in the order of both'],
  },
  {
    name: 'a row table stays while a transaction is open that may write it',
    file: retire,
    breaks: [['continue when v_row_table.rt_retired && pgtide._open_transactions();', '']],
    noticedBy: [sessions, 'nor while a transaction is open'],
  },
  {
    name: 'a row table stays while rotation has not emptied it',
    file: retire,
    breaks: [['            continue when v_filled;\n', '']],
    noticedBy: ['test/sql/row-tables-rotation.test.ts', 'once rotation has emptied them'],
  },
  {
    name: 'a row table stays while its capture is being created',
    file: sql('pgtide._create_row_table'),
    breaks: [
      [
        '    if v_rows.columns is not null and not lacking then\n',
        '    prefix := v_rows.prefix;\n    if created then\n',
      ],
    ],
    noticedBy: [sessions, 'while they are retired'],
  },
  {
    name: 'the queue rotates once its row tables are emptied',
    file: sql('pgq.maint_rotate_tables_step1'),
    breaks: [['        return v_again;\n', '        null;\n']],
    noticedBy: ['test/sql/row-tables-rotation.test.ts', 'a hundred in one step'],
  },
  {
    name: 'a table with events in the slice does not arrive as rows',
    file: stageRows,
    breaks: [["x.item->>'table' <> all (v_stage.names)", 'true']],
    noticedBy: [asRows, 'has events in the slice, or two shapes'],
  },
  {
    name: 'rows of two shapes do not arrive as rows',
    file: stageRows,
    breaks: [["count(*) over (partition by x.item->>'table') = 1", 'true']],
    noticedBy: [asRows, 'has events in the slice, or two shapes'],
  },
  {
    name: 'a table whose rows arrived as rows is still in step',
    file: sql('pgtide.judge_stage'),
    breaks: [["raise exception 'a table is not in step any more' using errcode = 'TD013';", 'null;']],
    noticedBy: [asRows, 'sets aside meanwhile'],
  },
  {
    name: 'rows arrive in their table itself only if all are inserted',
    file: stageRows,
    breaks: [["(x.item->>'inserts')::bool", 'true']],
    noticedBy: [inPlace, 'others of the table are updated'],
  },
  {
    name: 'rows arrive in their table itself only if nothing but rows is in the slice',
    file: stageRows,
    breaks: [['i_in_place and v_stage.rows_only and', 'i_in_place and']],
    noticedBy: [inPlace, 'a control event may concern them'],
  },
  {
    name: 'rows arrive in their table itself only if COPY does there what INSERT does',
    file: sql('pgtide._takes_copy'),
    breaks: [['is not true or c.relhasrules or', 'is not true or']],
    noticedBy: [inPlace, 'a rule says what becomes of them'],
  },
  {
    name: 'rows arrive in their table itself only if it still has its name',
    file: sql('pgtide._hold_for_copy'),
    breaks: [['londiste.find_table_oid(i_name) is distinct from i_table or', '']],
    noticedBy: [inPlaceFailures, 'replaced before it is locked'],
  },
  {
    name: 'rows that arrived in another table are undone',
    file: sql('pgtide.apply_stage'),
    breaks: [
      ['londiste.find_table_oid(coalesce(i.dest_table, i.table_name)) is distinct from t.relation', 'false'],
    ],
    noticedBy: [inPlaceFailures, 'because the schema was replaced'],
  },
  {
    name: 'code of other roles does not run where rows arrive in their table itself',
    file: sql('pgtide._takes_copy'),
    breaks: [["pgtide.foreign_owners(i_table) = '{}' and ", '']],
    noticedBy: [inPlaceFailures, 'only if its code is ours'],
  },
  {
    name: 'rows that arrive in several tables have one limit of time',
    file: 'lib/replay/extract.ts',
    breaks: [["from === 'since the transaction began'", 'false']],
    noticedBy: [inPlaceFailures, 'in several tables together'],
  },
  {
    name: 'what is planned for many rows is not compiled for each statement of few',
    file: sql('pgtide._capture_function'),
    breaks: [["' set jit = off'", "''"]],
    noticedBy: ['test/sql/capture-plans.test.ts', 'are not compiled'],
  },
  {
    name: 'a slice has no event after its end',
    file: sql('pgtide.slice_query'),
    breaks: [['pgtide._id_condition(i_after, last_ev_id)', 'pgtide._id_condition(i_after, null)']],
    noticedBy: [sliceEnd, 'each event of the batch once'],
  },
  {
    name: 'a slice costs the same wherever it is in a batch',
    file: sql('pgq._create_event_index'),
    breaks: [['(ev_txid, (ev_id >> 12))', '(ev_txid)']],
    noticedBy: [sliceEnd, 'reads no more rows'],
  },
];
