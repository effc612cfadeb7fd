/** Triggers of PgQ before and after rows, for TRUNCATE, and those that skip or deny a change or do not fire. */
import { all, change, each, simple, type TriggerScenario, twoRows } from './trigger-scenario.ts';

export const timingScenarios: TriggerScenario[] = [
  { name: 'truncate', table: simple, triggers: all, on: 'truncate', statements: ['truncate t'] },
  {
    name: 'truncate, before',
    table: simple,
    triggers: each('SKIP'),
    on: 'truncate',
    timing: 'before',
    statements: [twoRows, 'truncate t', 'select count(*) from t'],
  },
  ...['ignore=a', 'pkey=a', 'backup', 'when=true', 'ev_extra1=1', 'deny', 'SKIP', 'foo'].map(
    (arg): TriggerScenario => ({
      name: `truncate with ${arg}`,
      table: simple,
      triggers: [['sqltriga', arg]],
      on: 'truncate',
      statements: ['truncate t'],
    }),
  ),
  {
    name: 'before triggers let the row pass',
    table: simple,
    triggers: each('backup'),
    timing: 'before',
    statements: [...change, 'select * from t'],
  },
  {
    name: 'SKIP keeps the row from changing',
    table: simple,
    triggers: each('SKIP'),
    timing: 'before',
    statements: [
      twoRows,
      'alter table t disable trigger all',
      twoRows,
      'alter table t enable trigger all',
      ...change.slice(1),
      'select * from t',
    ],
  },
  {
    name: 'SKIP without an event',
    table: simple,
    triggers: [['sqltriga', 'SKIP', 'when=false']],
    timing: 'before',
    statements: [twoRows, 'select * from t'],
  },
  ...[
    ['SKIP'],
    ['deny'],
    ['deny', 'SKIP'],
    ['deny', 'bad'],
    ['skip'],
    ['foo'],
    ['EV_extra1=a'],
    ['ev_extra1 =a'],
  ].map(
    (args): TriggerScenario => ({
      name: `after trigger with ${args.join(', ')}`,
      table: simple,
      triggers: [['logutriga', ...args]],
      statements: change,
    }),
  ),
  {
    name: 'deny without a key',
    table: 'create table t (a int)',
    triggers: [['sqltriga', 'deny']],
    statements: [
      'insert into t values (1)',
      'alter table t disable trigger all; insert into t values (1); alter table t enable trigger all',
      'update t set a = 1',
      'delete from t',
    ],
  },
  {
    name: 'deny, before',
    table: simple,
    triggers: [['jsontriga', 'deny', 'SKIP']],
    timing: 'before',
    statements: [twoRows],
  },
  {
    name: 'a trigger for each statement',
    table: simple,
    triggers: [],
    statements: [
      `create trigger a after insert on t for each statement execute procedure pgq.logutriga('q')`,
      twoRows,
    ],
  },
  {
    name: 'no queue',
    table: simple,
    triggers: [],
    statements: [
      'create trigger a after insert on t for each row execute procedure pgq.logutriga()',
      twoRows,
    ],
  },
  ...[
    ['ignore=a', 'pkey=a', 'backup', 'ev_type=1'],
    ['backup', 'ignore=a', 'pkey=a'],
    ['backup', 'pkey=a'],
    ['deny', 'backup'],
  ].map(
    (args): TriggerScenario => ({
      name: `truncate with ${args.join(', ')}`,
      table: simple,
      triggers: [['sqltriga', ...args]],
      on: 'truncate',
      statements: ['truncate t'],
    }),
  ),
  {
    name: 'session_replication_role',
    superuser: true,
    table: simple,
    triggers: [['logutriga', 'deny']],
    timing: 'before',
    statements: [
      `set session_replication_role = 'local'`,
      ...change,
      `set session_replication_role = 'replica'`,
      twoRows.replaceAll("'x'", "'xx'").replaceAll("'z'", "'zz'"),
      'reset session_replication_role',
      twoRows,
      'select * from t order by 1',
    ],
  },
];
