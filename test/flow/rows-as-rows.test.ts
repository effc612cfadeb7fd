/**
 * Replay takes rows as rows, with the types of their columns, if nothing else in the slice is about their table. Otherwise, and if
 * a row cannot be taken or fails, it takes them as events. Either way the result is the same.
 */
import { expect, it } from 'vitest';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { arrivals, asRows, onceAt } from '../support/arrivals.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual, rowsOf } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));
const onSubscriber = (pair: InstalledPair, sql: string) => pair.new.client((client) => client.query(sql));

async function pairOf(
  versions: { provider: number; subscriber: number },
  sql: string,
  tables: string[],
): Promise<InstalledPair> {
  const pair = await installedPair(versions);
  await asRows(pair);
  await pair.both(sql);
  await addTables(pair, tables);
  await followUntilSynced(pair);
  return pair;
}

const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      'select table_name as "table", error from pgtide.table_state where error is not null order by 1',
    ),
  );

it.each([
  { provider: 10, subscriber: 18 },
  { provider: 15, subscriber: 15 },
  { provider: 18, subscriber: 13 },
])('from PostgreSQL $provider to $subscriber, rows of any kind arrive as rows', async (versions) => {
  const pair = await pairOf(
    versions,
    `create type mood as enum ('sad', 'fine'); create type place as (x int, y text); create domain positive as int check (value > 0);
     create table plain (id int primary key, n numeric(10,2), v varchar(20), f float8, at timestamptz, body bytea, doc jsonb, at_hosts inet[]);
     create table lasting (id int primary key, span interval, price money);
     create table "Odd ""name""" (a text collate "C", "b c" date, m mood, p place, d positive, ms mood[], ns int[], tags text[], primary key ("b c", a));
     create table parent (id bigint primary key, note text);
     create table child (id bigint primary key, parent bigint references parent, nr int unique);`,
    ['plain', 'Odd "name"', 'parent', 'child', 'lasting'],
  );
  await write(
    pair,
    `insert into plain select i, i / 3.0, 'v' || i, 1 / i::float8, now(), decode(md5(i::text), 'hex'), jsonb_build_object('k', i), array['10.0.0.1', null]::inet[]
       from generate_series(1, 500) i;
     insert into "Odd ""name""" select 'a' || i, '2024-01-01'::date + i, 'sad'::mood, row(i, 'x,"y"')::place, i, '{sad,fine}'::mood[], array[i, null], array['a,b', null, '']
       from generate_series(1, 300) i;
     insert into lasting values (1, '1 min', 2.5);
     insert into parent select i, 'p' from generate_series(1, 50) i;
     insert into child select i, i, i from generate_series(1, 50) i`,
  );
  // What is in binary form may be another value elsewhere, such as an amount of money.
  expect(await arrivals(pair)).toEqual([
    {
      rows: { 'public.plain': 'I', 'public.Odd "name"': 'I', 'public.parent': 'I', 'public.child': 'I' },
      events: ['public.lasting'],
    },
  ]);
  const tables = ['plain', 'Odd "name"', 'parent', 'child', 'lasting'];
  await expectEqual(pair.old, pair.new, tables);

  // Last images per key, changed keys, values that change places, and rows that come and go.
  await write(
    pair,
    `update plain set n = n + 1, doc = null; update plain set n = -n where id % 2 = 0; delete from plain where id % 5 = 0;
     insert into plain (id) values (5), (10); delete from plain where id = 5; insert into plain (id) values (900); delete from plain where id = 900;
     update "Odd ""name""" set a = a || 'z', m = 'fine', p = null where d % 2 = 0; delete from "Odd ""name""" where d % 3 = 0;
     update child set nr = -nr; update child set nr = 1 - nr; delete from child where id > 40; delete from parent where id > 40`,
  );
  expect((await arrivals(pair))[0]).toMatchObject({ rows: { 'public.plain': 'DIU' }, events: [] });
  await expectEqual(pair.old, pair.new, tables);
  expect(await errorsOf(pair)).toEqual([]);
});

it('few rows arrive as events, in one COPY for all tables', async () => {
  const pair = await pairOf(
    { provider: 15, subscriber: 14 },
    'create table t (id int primary key, v int); create table u (id int primary key, v int);',
    ['t', 'u'],
  );
  await pair.old.superuser((client) =>
    client.query(`alter database ${pair.old.name} set pgtide.as_rows = 10`),
  );
  await write(
    pair,
    'insert into t select i, i from generate_series(1, 10) i; insert into u select i, i from generate_series(1, 9) i',
  );
  expect(await arrivals(pair)).toEqual([{ rows: { 'public.t': 'I' }, events: ['public.u'] }]);
  await expectEqual(pair.old, pair.new, ['t', 'u']);
});

it('columns in another order, of another width, generated, dropped or more on one side', async () => {
  const pair = await installedPair({ provider: 15, subscriber: 14 });
  await asRows(pair);
  await write(
    pair,
    `create table t (gone int, id int primary key, a int, b varchar(100), c int generated always as (a * 2) stored); alter table t drop gone;
     create table own (id int primary key, a int); create table extra (id int primary key);`,
  );
  await onSubscriber(
    pair,
    `create table t (b text, gone int, c int generated always as (a * 2) stored, more text default 'here', a bigint, id int primary key);
     alter table t drop gone; create table own (id int primary key, a int); create table extra (id int primary key);`,
  );
  await addTables(pair, ['t', 'own', 'extra'], { expectSync: true });
  await replayAll(pair);
  await write(pair, 'alter table extra add a int');
  await maintain(pair.shop.context('old'));
  await write(
    pair,
    `insert into t select i, i, 'b' || i from generate_series(1, 100) i; update t set b = 'c' where id % 2 = 0;
     insert into own select i, i from generate_series(1, 10) i; insert into extra values (1, 1)`,
  );
  // A column that is not here: events show it.
  expect(await arrivals(pair)).toEqual([
    { rows: { 'public.t': 'IU', 'public.own': 'I' }, events: ['public.extra'] },
  ]);
  const columns = ['id', 'a', 'b', 'c'];
  expect(await rowsOf(pair.new, 't', columns)).toEqual(await rowsOf(pair.old, 't', columns));
  expect(await errorsOf(pair)).toMatchObject([
    { table: 'public.extra', error: expect.stringMatching(/no column a/) },
  ]);
});

it('rows of a table that has events in the slice, or two shapes, arrive as events, in their order', async () => {
  const pair = await pairOf(
    { provider: 15, subscriber: 14 },
    'create table t (id int primary key, v int); create table u (id int primary key, v int);',
    ['t', 'u'],
  );
  await write(pair, 'insert into t select i, 0 from generate_series(1, 10) i; insert into u values (1, 1)');
  await replayAll(pair);
  await onSubscriber(pair, 'alter table t add w int');
  // A row; an event, since the shape has just changed; then a row of the new shape.
  await write(pair, 'update t set v = 1; update u set v = 2');
  await write(pair, 'alter table t add w int');
  await write(pair, 'update t set v = 2, w = 2 where id > 3');
  await maintain(pair.shop.context('old'));
  await write(pair, 'update t set v = 3, w = 3 where id > 6; delete from t where id = 10');
  expect(await arrivals(pair)).toEqual([{ rows: { 'public.u': 'U' }, events: ['public.t'] }]);
  await expectEqual(pair.old, pair.new, ['t', 'u']);
  await write(pair, 'update t set v = 4');
  for (const alter of [write, onSubscriber]) await alter(pair, 'alter table t add x int');
  await maintain(pair.shop.context('old'));
  await write(pair, 'update t set v = 5, x = 5 where id > 3');
  expect(await arrivals(pair)).toEqual([{ rows: {}, events: ['public.t'] }]);
  await expectEqual(pair.old, pair.new, ['t']);
  await write(pair, 'truncate u; insert into u values (7, 7); update t set v = 8');
  expect(await arrivals(pair)).toEqual([{ rows: { 'public.t': 'U' }, events: ['public.u'] }]);
  await expectEqual(pair.old, pair.new, ['t', 'u']);
});

it('rows of one table arrive as rows, although the queue was rotated between them', async () => {
  const pair = await pairOf({ provider: 17, subscriber: 14 }, 'create table t (id int primary key, v int);', [
    't',
  ]);
  await write(pair, 'insert into t select i, 0 from generate_series(1, 10) i');
  await replayAll(pair);
  await write(pair, 'update t set v = 1');
  // What pgq.maint_rotate_tables_step1 does, which waits for all consumers and for old transactions anywhere on the server.
  await write(
    pair,
    `truncate pgq.event_1_1;
     update pgq.queue set queue_cur_table = 1, queue_switch_time = now(), queue_switch_step1 = txid_current(), queue_switch_step2 = null`,
  );
  await write(pair, 'select pgq.maint_rotate_tables_step2()');
  await write(pair, 'update t set v = 2 where id > 5; delete from t where id = 1');
  const filled = await pair.old.client((client) =>
    client.query('select name from pgq._row_tables(1, null, true)'),
  );
  expect(filled).toHaveLength(2);
  expect(await arrivals(pair)).toEqual([{ rows: { 'public.t': 'DU' }, events: [] }]);
  await expectEqual(pair.old, pair.new, ['t']);
});

it('a row that the subscriber cannot take sets its table aside, and its event is named', async () => {
  const pair = await pairOf(
    { provider: 17, subscriber: 13 },
    'create table t (id int primary key, v numeric); create table u (id int primary key, v int); create table w (id int primary key, v int unique);',
    ['t', 'u', 'w'],
  );
  await onSubscriber(pair, 'alter table u add check (v < 100)');
  await write(
    pair,
    `insert into t values (1, 'Infinity'); insert into u select i, i from generate_series(90, 110) i; insert into w values (1, 1), (2, 2)`,
  );
  await tickNow(pair);
  await replay(pair.shop.context('new'));
  await expectEqual(pair.old, pair.new, ['w']);
  expect(await errorsOf(pair)).toMatchObject([
    { table: 'public.t', error: expect.stringMatching(/\bv\b/) },
    { table: 'public.u', error: expect.stringMatching(/check_violation: table public\.u, .*event \d+$/) },
  ]);
});

it('a table that another session sets aside meanwhile is left as it is', async () => {
  const pair = await pairOf({ provider: 15, subscriber: 14 }, 'create table t (id int primary key, v int);', [
    't',
  ]);
  await write(pair, 'insert into t values (1, 1)');
  const seen = await arrivals(pair, {
    between: onceAt('events.staged', async () => {
      await onSubscriber(pair, `select pgtide.set_aside('shop', 'public.t', 'by an operator')`);
    }),
  });
  expect(seen).toEqual([
    { rows: { 'public.t': 'I' }, events: [] },
    { rows: {}, events: ['public.t'] },
  ]);
  expect(await onSubscriber(pair, 'select * from t')).toEqual([]);
});

it('a table whose columns are changed while its rows arrive gets them by their names', async () => {
  const pair = await pairOf(
    { provider: 15, subscriber: 14 },
    'create table t (id int primary key, a int, b int); create table u (id int primary key, a int, b int);',
    ['t', 'u'],
  );
  await onSubscriber(pair, 'create table other (b int, a int, id int primary key)');
  await write(pair, 'insert into t values (1, 10, 20); insert into u values (1, 10, 20)');
  const seen = await arrivals(pair, {
    between: onceAt('events.staged', async () => {
      await onSubscriber(
        pair,
        `drop table t; alter table other rename to t;
         alter table u rename a to c; alter table u rename b to a; alter table u rename c to b`,
      );
    }),
  });
  expect(seen).toMatchObject([
    { rows: { 'public.t': 'I', 'public.u': 'I' } },
    { events: ['public.t', 'public.u'] },
  ]);
  for (const table of ['t', 'u'])
    expect(await onSubscriber(pair, `select id, a, b from ${table}`)).toEqual([{ id: 1, a: 10, b: 20 }]);
});

it('keys that GROUP BY does not compare, and checks and names that only the subscriber can judge', async () => {
  const pair = await pairOf(
    { provider: 15, subscriber: 15 },
    `create domain part as int; create type composed as (a part); create domain checked as int;
     create table t (id composed primary key, v int); create table u (id int primary key, v checked);
     create table r (id int primary key, v regclass); create table w (id int primary key, v int);`,
    ['t', 'u', 'r', 'w'],
  );
  await onSubscriber(
    pair,
    `create function refuse(v int) returns bool language plpgsql as $$ begin if v > 5 then raise exception 'too much'; end if; return true; end $$;
     alter domain checked add check (refuse(value))`,
  );
  await write(
    pair,
    `insert into t select row(i)::composed, i from generate_series(1, 10) i; create table only_here (id int);
     insert into u select i, i from generate_series(1, 10) i; insert into r values (1, 'only_here'); insert into w values (1, 1)`,
  );
  await replayAll(pair);
  await write(
    pair,
    'update t set v = v + 1; update t set v = v + 1; delete from t where v > 10; update w set v = 2',
  );
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['t', 'w']);
  expect((await errorsOf(pair)).map(({ table }) => table)).toEqual(['public.r', 'public.u']);
});

it('a check that a domain gets while rows arrive holds for them', async () => {
  const pair = await pairOf(
    { provider: 15, subscriber: 14 },
    'create domain amount as int; create table t (id int primary key, v amount);',
    ['t'],
  );
  await write(pair, 'insert into t values (1, -1)');
  await arrivals(pair, {
    between: onceAt('events.staged', async () => {
      await onSubscriber(pair, 'alter domain amount add check (value > 0)');
    }),
  });
  expect(await onSubscriber(pair, 'select * from t')).toEqual([]);
  expect(await errorsOf(pair)).toMatchObject([{ table: 'public.t' }]);
});
