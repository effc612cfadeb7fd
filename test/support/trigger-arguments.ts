/** Triggers of PgQ with arguments that choose columns, keys and fields of the event, and magic columns. */
import { all, change, each, simple, type TriggerScenario, twoRows } from './trigger-scenario.ts';

const magic = `create table t (id int primary key, x text, _pgq_ev_type text, _pgq_ev_data text, _pgq_ev_extra1 text,
  _pgq_ev_extra2 text, _pgq_ev_extra3 text, _pgq_ev_extra4 text)`;

export const argumentScenarios: TriggerScenario[] = [
  {
    name: 'ignored columns',
    table: simple,
    triggers: each('ignore=b,n'),
    statements: [...change, `update t set b = 'q', n = 4`, 'update t set b = b'],
  },
  {
    name: 'an ignored key',
    table: simple,
    triggers: each('ignore=a', 'backup'),
    statements: [
      twoRows,
      `update t set b = 'w'`,
      'update t set b = b',
      `update t set a = 'q' where a = 'x'`,
      'delete from t',
    ],
  },
  { name: 'all columns ignored', table: simple, triggers: each('ignore=a, b, n, zz'), statements: change },
  {
    name: 'ignored columns named twice',
    table: simple,
    triggers: each('ignore=a', 'ignore=b'),
    statements: change,
  },
  { name: 'nothing ignored', table: simple, triggers: each('ignore='), statements: change },
  {
    name: 'another key',
    table: simple,
    triggers: each('pkey=b , n'),
    statements: [
      twoRows,
      `update t set a = 'w' where n = 1`,
      'update t set n = 2 where n = 1',
      'delete from t where n = 1',
    ],
  },
  {
    name: 'a null in the key',
    table: simple,
    triggers: [['sqltriga', 'pkey=b']],
    statements: [twoRows, `update t set n = 2`, 'delete from t'],
  },
  { name: 'keys named twice', table: simple, triggers: each('pkey=a', 'pkey=b'), statements: [twoRows] },
  {
    name: 'a key of no column',
    table: simple,
    triggers: [
      ['logutriga', 'pkey=zz"\\'],
      ['jsontriga', 'pkey=zz"\\'],
    ],
    statements: change,
  },
  {
    name: 'an empty key',
    table: simple,
    triggers: [
      ['sqltriga', 'pkey='],
      ['logutriga', 'pkey='],
    ],
    statements: change,
  },
  {
    name: 'when',
    table: simple,
    triggers: each('when=n > 5'),
    statements: [
      `insert into t values ('1', 'b', 5), ('2', 'b', 6)`,
      'update t set n = n + 1',
      'delete from t where n = 6',
      `insert into t values ('3', 'b', null)`,
    ],
  },
  ...['n', 'foo', '', 'null::bool', '1=1,2'].map(
    (expr): TriggerScenario => ({
      name: `when=${expr}`,
      table: simple,
      triggers: [['logutriga', `when=${expr}`]],
      statements: [`insert into t values ('1', 'b', 5)`],
    }),
  ),
  {
    name: 'fields by expression',
    table: simple,
    triggers: each(
      `ev_type=a||'!'`,
      'ev_data=n',
      'ev_extra1=n*2',
      'ev_extra2=null',
      `ev_extra3=now() > '2000-01-01'`,
      'ev_extra4=upper(b)',
    ),
    statements: [`insert into t values ('6', 'b', 5)`, 'update t set n = 7', 'delete from t'],
  },
  {
    name: 'expressions and backup',
    table: simple,
    triggers: each('ev_data=null', 'backup', 'ev_extra2=1'),
    statements: change,
  },
  ...[
    'ev_extra3=1,2',
    'ev_extra3=',
    'ev_extra1=',
    'ev_extra3=a from (select 1 union all select 2) x',
    'ev_extra3=generate_series(1,n)',
    `ev_extra3='it''s'||a /* a */ -- a`,
    'ev_extra3=$x$a$x$||a',
    'ev_extra3=a::text||n::numeric(10,2)||1.5+n',
    'ev_extra3=t.b',
  ].map(
    (arg): TriggerScenario => ({
      name: `argument ${arg}`,
      table: simple,
      triggers: [['logutriga', arg]],
      statements: [`insert into t values ('8', 'b', 5)`],
    }),
  ),
  {
    name: 'expressions of other types',
    table: simple,
    triggers: each('ev_extra3=array[a,b]', 'ev_extra4=row(a,n)', 'ev_extra4=1'),
    statements: change,
  },
  {
    name: 'magic columns',
    table: magic,
    triggers: all,
    statements: [
      `insert into t values (1, 'x')`,
      `insert into t values (2, 'x', 'a', 'b', 'c', 'd', 'e', 'f')`,
      `update t set x = 'y', _pgq_ev_type = 'T' where id = 2`,
      `update t set _pgq_ev_type = 'q' where id = 2`,
      'delete from t',
    ],
  },
  {
    name: 'magic columns beside arguments',
    table: `${magic}; alter table t drop _pgq_ev_type, drop _pgq_ev_data, drop _pgq_ev_extra1`,
    triggers: each('backup', 'ev_extra3=upper(x)', 'ev_extra4=_pgq_ev_extra4', 'ignore=x'),
    statements: [
      `insert into t values (1, 'x'); insert into t values (2, 'x', 'd', 'e', 'f')`,
      `update t set x = 'z'`,
      `update t set _pgq_ev_extra3 = '1'`,
      'update t set x = x',
    ],
  },
  {
    name: 'a magic column of another type',
    table: 'create table t (id int primary key, _pgq_ev_type int, _pgq_bar text)',
    triggers: all,
    statements: ['insert into t values (8, 7)'],
  },
  {
    name: 'an unknown magic column',
    table: 'create table t (id int primary key, _pgq_ev_foo text)',
    triggers: [['logutriga']],
    statements: ['insert into t values (8)'],
  },
  {
    name: 'capitals in the name of a column',
    table: 'create table t ("UserId" int primary key, "Name" text, name text)',
    triggers: each('when=UserId > 0', 'ev_extra2=Name', 'ev_extra3=name', 'ev_extra4=lower(Name)'),
    statements: [
      `insert into t values (1, 'A', 'b'), (0, 'C', 'd')`,
      `update t set name = 'B'`,
      'delete from t',
    ],
  },
  {
    name: 'an empty key, as JSON',
    table: simple,
    triggers: [['jsontriga', 'pkey=']],
    statements: change,
  },
];
