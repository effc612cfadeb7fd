/**
 * What happens to a table under the triggers of PgQ, as statements whose events are known: trigger-events.json holds what
 * PgQ's C code made of them.
 */
import type { Client } from '../../lib/db/client.ts';
import { rawRows, stateOf } from './queue.ts';

export interface TriggerScenario {
  name: string;
  /** The first PostgreSQL that has what the table needs. */
  since?: number;
  /** Creates table `t`. */
  table: string;
  /** Trigger function and arguments, besides the queue; each is a trigger of its own. */
  triggers: [name: 'sqltriga' | 'logutriga' | 'jsontriga', ...args: string[]][];
  timing?: 'before' | 'after';
  on?: 'row' | 'truncate';
  /** Sets what a plain owner may not. */
  superuser?: true;
  statements: string[];
}

const all: TriggerScenario['triggers'] = [['sqltriga'], ['logutriga'], ['jsontriga']];
const withBackup: TriggerScenario['triggers'] = [
  ['sqltriga', 'backup'],
  ['logutriga', 'backup'],
  ['jsontriga', 'backup'],
];
const each = (...args: string[]): TriggerScenario['triggers'] => [
  ['sqltriga', ...args],
  ['logutriga', ...args],
  ['jsontriga', ...args],
];
const simple = 'create table t (a text primary key, b text, n int)';
const twoRows = `insert into t values ('x', 'y', 1), ('z', null, null)`;
const change = [twoRows, `update t set b = 'w' where a = 'x'`, `delete from t where a = 'x'`];
const magic = `create table t (id int primary key, x text, _pgq_ev_type text, _pgq_ev_data text, _pgq_ev_extra1 text,
  _pgq_ev_extra2 text, _pgq_ev_extra3 text, _pgq_ev_extra4 text)`;

export const triggerScenarios: TriggerScenario[] = [
  {
    name: 'a row of each common type',
    table: `create table t (id int, "Na me" text, b bool, n numeric, f float8, ts timestamp, tz timestamptz, d date,
      arr text[], j json, jb jsonb, by bytea, iv interval, m money, i8 int8, i2 int2, tm time, x xml, "select" text,
      ci char(5), primary key (id))`,
    triggers: withBackup,
    statements: [
      String.raw`insert into t values (1, E'a''b\\c "d" \n\t\x01/\x7f é €', true, 1.50, 0.5, '2020-01-02 03:04:05.678',
        '2020-01-02 03:04:05+02', '2020-02-03', array['a', 'b c', null, '"'], '{"a" : 1}', '{"b":2}', '\x00ff',
        '1 day 2:03', 12.34, 9000000000000, 3, '12:13', '<a/>', 'x', 'ab')`,
      'insert into t (id) values (2)',
      `update t set n = 1.500, f = '-0' where id = 1`,
      `update t set n = 1.6, b = null, ts = 'infinity', tz = '-infinity', d = 'infinity' where id = 1`,
      'update t set id = id',
      String.raw`update t set "Na me" = '', "select" = '\' where id = 2`,
      `insert into t (id, ts, tz, d) values
        (3, '0044-03-15 10:00:00 BC', '12345-01-01 00:00:00.5+00', '0044-03-15 BC')`,
      `insert into t (id, f, n, iv) values (4, 'NaN', 'NaN', '24:00:00')`,
      `update t set iv = '1 day' where id = 4`,
      'delete from t where id < 3',
    ],
  },
  {
    name: 'dates and times under another DateStyle and time zone',
    table: 'create table t (id int primary key, ts timestamp, tz timestamptz, d date, tm time, a date[])',
    triggers: withBackup,
    statements: [
      `set datestyle = 'german, dmy'; set timezone = 'Asia/Kolkata'; insert into t values
        (6, '2020-01-02 03:04:05.678', '2020-01-02 03:04:05+02', '2020-02-03', '1:2:3.4', '{2020-01-01}')`,
      `update t set d = d + 1, ts = null`,
      `set timezone = 'America/St_Johns'; set datestyle = 'sql, mdy'; update t set d = null`,
      `reset datestyle; reset timezone; delete from t`,
    ],
  },
  {
    name: 'types that only some databases use',
    table: `create type en as enum ('a', 'b');
      create domain dom as numeric check (value > 0); create domain dbo as bool; create domain din as int;
      create domain dts as timestamp; create domain dar as int[]; create type co as (x int, y text);
      create table t (id bigint primary key, e en, dm dom, c co, r numrange, ir int4range, arr numeric[], bx box,
        pt point, js json, jb jsonb, ip inet, bt bit(4), vb varbit, o oid, nm name, ch "char", ts tsvector, u uuid,
        tz timetz, fl real, pg pg_lsn, rc regclass, txs txid_snapshot, ba bytea[], dbool dbo, dint din, dt dts, dar dar)`,
    triggers: withBackup,
    statements: [
      String.raw`insert into t values (1, 'a', 1.0, '(1,"a b")', '[1.0,2)', '[1,4]', '{1.0,2}', '(1,1),(0,0)',
        '(1,2)', '{"a":1}', '{"a":1.0}', '10.0.0.1', '1010', '101', 12, 'nm', 'c', 'a b:3',
        '00000000-0000-0000-0000-000000000001', '12:00+02', 1.5, '0/1', 'pg_class', '10:20:11', '{"\\x00"}', true, 5,
        '2020-01-01', '{1,2}')`,
      `update t set dm = 1.00, c = '(1,"a b")', r = '[1.00,2)', arr = '{1.00,2}', jb = '{"a":1.00}', tz = '11:00+01',
        bx = '(1,0),(0,1)', pt = '(1.0,2.0)', js = '{"a" :1}'`,
      `update t set bx = '(2,0.5),(0,0)', r = '(1.0,2)', c = '(1,"a  b")', fl = '-0', dm = 2, e = 'b'`,
      'update t set fl = 0, c = row(1, null)',
      'update t set c = null, vb = null, ip = null',
    ],
  },
  {
    name: 'names that need quoting, a dropped column, a key of two columns',
    table: `create table t ("a b" int, "c""d" text, "é" text, drp int, z int, primary key (z, "a b"));
      alter table t drop drp`,
    triggers: all,
    statements: [
      `insert into t values (1, '2', '3', 4)`,
      `update t set "é" = '4'`,
      'update t set "a b" = 2',
      'delete from t',
    ],
  },
  {
    name: 'a table whose own name needs quoting',
    table: 'create table "We.ird ""T" (a int primary key); create view t as select * from "We.ird ""T"',
    triggers: [],
    statements: [
      `create trigger a after insert on "We.ird ""T" for each row execute procedure pgq.jsontriga('q')`,
      `create trigger b after insert on "We.ird ""T" for each row execute procedure pgq.sqltriga('q')`,
      'insert into t values (1)',
    ],
  },
  {
    name: 'a table without a key',
    table: 'create table t (a text, b text)',
    triggers: [['sqltriga']],
    statements: change.map((s) => s.replaceAll(', 1)', ')').replaceAll(', null)', ')')),
  },
  {
    name: 'a table without a key, url-encoded',
    table: 'create table t (a text, b text, n int)',
    triggers: [['logutriga']],
    statements: change,
  },
  {
    name: 'a table without a key, as JSON',
    table: 'create table t (a text, b text, n int)',
    triggers: [['jsontriga']],
    statements: change,
  },
  {
    name: 'partitions',
    since: 11,
    table: `create table t (a int primary key, b text) partition by range (a);
      create table t1 partition of t for values from (0) to (10);
      create table t2 (b text, a int not null); alter table t attach partition t2 for values from (10) to (20)`,
    triggers: all,
    statements: [
      `insert into t values (1, '2'), (11, 'x')`,
      `update t set b = '5'`,
      'update t set a = a + 11 where a = 1',
    ],
  },
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
    name: 'an equal key in other digits',
    table: 'create table t (a numeric, b numeric, c int, primary key (a, b))',
    triggers: [['sqltriga', 'backup']],
    statements: [
      'insert into t values (1.5, 2, 3)',
      'update t set a = 1.50',
      'update t set b = 2.0, c = 4',
      'delete from t',
    ],
  },
  {
    name: 'characters and bits of a fixed length',
    table: `create domain dc as char(4); create table t (a char(5) primary key, b char(5), c bit(3), d dc, e char(5)[])`,
    triggers: [...all, ['sqltriga', 'ignore=e']],
    statements: [
      `insert into t values ('ka', 'ba', b'101', 'da', '{ea}')`,
      `update t set b = 'bb'`,
      `update t set c = b'111'`,
      `update t set d = 'db'`,
      `update t set e = '{eb}'`,
      `update t set a = 'kb'`,
      `update t set b = 'bb '`,
    ],
  },
  {
    name: 'standard_conforming_strings off',
    table: 'create table t (a text primary key, b text, z timestamptz)',
    triggers: each('backup', `ev_extra3=b||'!'`),
    statements: [
      'set standard_conforming_strings = off; set escape_string_warning = off',
      `insert into t values ('k "', E'a''b\\\\c "d", (é)', '2020-01-02 03:04:05+02')`,
      `update t set b = E'\\\\'`,
      'delete from t',
    ],
  },
  {
    name: 'generated columns, before they are',
    since: 12,
    table: `create table t (a int primary key, b text, g text generated always as (upper(b)) stored,
      d date generated always as (date '2020-01-01' + a) stored)`,
    triggers: [...withBackup, ['sqltriga', 'ignore=b']],
    timing: 'before',
    statements: [
      `insert into t values (1, 'x')`,
      'update t set a = a',
      `update t set b = 'y'`,
      'delete from t',
    ],
  },
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

/** The client's pinned settings, and names found in the scenario's own schema. */
const settings = `set client_min_messages = error; set datestyle = 'ISO, MDY'; set timezone = 'UTC'; set extra_float_digits = 3;
  set bytea_output = 'hex'; set lc_monetary = 'C'; set search_path = shop, public`;

/** Runs a scenario on queue `q`, and returns the errors, rows of SELECTs, then events that came of it, a line each. */
export async function playScenario(client: Client, scenario: TriggerScenario): Promise<string[]> {
  const lines: string[] = [];
  await client.query(
    `${settings}; drop schema if exists shop cascade; create schema shop; ${scenario.table}`,
  );
  const [when, level] =
    scenario.on === 'truncate' ? ['truncate', 'statement'] : ['insert or update or delete', 'row'];
  for (const [nr, [name, ...args]] of scenario.triggers.entries()) {
    const literals = ['q', ...args].map((arg) => client.connection.escapeLiteral(arg)).join(', ');
    await client.query(
      `create trigger t${nr} ${scenario.timing ?? 'after'} ${when} on t for each ${level} execute procedure pgq.${name}(${literals})`,
    );
  }
  for (const statement of scenario.statements) {
    const failure = await stateOf(
      rawRows(client, statement).then((rows) => {
        for (const row of rows)
          lines.push(JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}` : v)));
      }),
    );
    if (failure) lines.push(`ERROR ${failure[1]}`);
  }
  const events = await client.query<Record<string, string | null>>(
    'select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_template order by ev_id',
  );
  await client.query('truncate pgq.event_1; drop schema shop cascade; reset all');
  return [
    ...lines,
    ...events.map((event) =>
      Object.values(event)
        .map((v) => v ?? '~')
        .join(' | '),
    ),
  ];
}
