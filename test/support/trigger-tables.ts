/** Triggers of PgQ on tables of many kinds: types, names, keys, partitions. */
import { all, change, each, type TriggerScenario, withBackup } from './trigger-scenario.ts';

export const tableScenarios: TriggerScenario[] = [
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
];
