/**
 * Values arrive unchanged, or their table is set aside before a row is written: the subscriber's type is narrower, or reads
 * a text as another value. The remedy that status names makes both sides equal.
 */
import { expect, it } from 'vitest';
import { copy } from '../../lib/units/copy.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { resync } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import { expectEqual, rowsOf } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));
const onSubscriber = (pair: InstalledPair, sql: string) => pair.new.client((client) => client.query(sql));

const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      'select table_name as "table", error from pgtide.table_state where error is not null order by 1',
    ),
  );

const problemsOf = async (pair: InstalledPair) => {
  const { result } = await status(pair.shop.context('old'), {});
  return result.queues.flatMap(({ nodes }) => nodes.flatMap(({ problems }) => problems));
};

/** The type on both sides, the change that the root alone makes to it, and a value that the first type would alter. */
const retyped: [before: string, after: string, value: string][] = [
  ['numeric(10,2)', 'numeric(12,4)', '1.2345'],
  ['numeric(10,2)[]', 'numeric(12,4)[]', `'{1.2345,2}'`],
  ['numeric', 'double precision', `'-0'`],
  ['time(0)', 'time(3)', `'10:00:00.123'`],
  ['timestamp(0)', 'timestamp', `'2020-01-01 10:00:00.123'`],
  ['timestamptz(0)', 'timestamptz(6)', `'2020-01-01 10:00:00.123+02'`],
  ['timestamp', 'timestamptz', `'2020-01-01 10:00:00+02'`],
  ['interval(0)', 'interval(3)', `'0.123 s'`],
  ['interval day to minute', 'interval', `'1 day 00:00:05'`],
  ['varchar(3)', 'varchar(10)', `'ab      '`],
  ['varchar(3)', 'text', `'ab      '`],
  ['char(3)', 'varchar(10)', `'ab      '`],
  ['real', 'double precision', '0.123456789'],
  ['jsonb', 'json', `'{"a": 1, "a": 2}'`],
  ['date', 'timestamp', `'2020-01-01 10:00'`],
  ['short', 'long', '1.2345'],
];
const tables = retyped.map((_, nr) => `t${nr}`);

async function retypedPair(versions: { provider: number; subscriber: number }): Promise<InstalledPair> {
  const pair = await installedPair(versions);
  await pair.both(`create domain short as numeric(10,2); create domain long as numeric(12,4); create table other (id int primary key, v int);
    ${retyped.map(([before], nr) => `create table t${nr} (id int primary key, v ${before}, w int);`).join('')}`);
  await write(
    pair,
    tables.map((table) => `insert into ${table} select i, null, i from generate_series(1, 3) i`).join('; '),
  );
  await addTables(pair, [...tables, 'other']);
  await followUntilSynced(pair);
  return pair;
}

const retype = (pair: InstalledPair) =>
  write(
    pair,
    retyped
      .map(([, after], nr) => `alter table t${nr} alter v type ${after} using v::text::${after}`)
      .join('; '),
  );

it.each([
  { provider: 18, subscriber: 10 },
  { provider: 10, subscriber: 17 },
])(
  '$provider to $subscriber: the root alone is altered, and what status names ends equal',
  async (versions) => {
    const pair = await retypedPair(versions);
    const before = await Promise.all(tables.map((table) => rowsOf(pair.new, table)));
    await retype(pair);
    await write(
      pair,
      `${retyped.map(([, , value], nr) => `update t${nr} set v = ${value} where id = 2; insert into t${nr} values (4, ${value}, 4); delete from t${nr} where id = 3`).join('; ')};
     insert into other values (1, 1)`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['other']);
    expect(await Promise.all(tables.map((table) => rowsOf(pair.new, table)))).toEqual(before);
    const errors = await errorsOf(pair);
    expect(errors.map(({ table }) => table).sort()).toEqual(tables.map((table) => `public.${table}`).sort());
    expect(errors[0]?.error).toBe(
      `table public.t0: the subscriber's numeric(10,2) does not keep every numeric(12,4) of the provider in column v (SQLSTATE TD004)`,
    );

    // Copied again without the remedy, the table waits again: no chunk is stored that the narrower type has altered.
    await resync(pair.shop.context('old'), { tables: tables.map((table) => `public.${table}`), all: false });
    for (let round = 0; round < 2; round++) {
      await copy(pair.shop.context('new'));
      await replayAll(pair);
    }
    expect(await errorsOf(pair)).toHaveLength(tables.length);

    for (const { code, remedy } of await problemsOf(pair))
      if (code === 'structure-drift') await onSubscriber(pair, remedy ?? '');
    await resync(pair.shop.context('old'), { tables: tables.map((table) => `public.${table}`), all: false });
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, tables);
    await write(pair, tables.map((table) => `update ${table} set w = w + 1`).join('; '));
    await replayAll(pair);
    expect(await errorsOf(pair)).toEqual([]);
    await expectEqual(pair.old, pair.new, tables);
  },
);

it('a truncate of one table does not change the verdict on another', async () => {
  const pair = await installedPair({ provider: 17, subscriber: 13 });
  await pair.both(
    'create table a (id int primary key); create table b (id int primary key, v numeric(10,2))',
  );
  await write(pair, 'insert into a values (1); insert into b values (1, 1)');
  await addTables(pair, ['a', 'b']);
  await followUntilSynced(pair);
  const before = await rowsOf(pair.new, 'b');
  await write(
    pair,
    'alter table b alter v type numeric(12,4); truncate a; update b set v = 1.2345; insert into a values (2)',
  );
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['a']);
  expect(await rowsOf(pair.new, 'b')).toEqual(before);
  expect(await errorsOf(pair)).toMatchObject([
    { table: 'public.b', error: expect.stringContaining('does not keep every') },
  ]);
});

it('a wider subscriber follows, whichever side is altered first', async () => {
  const pair = await retypedPair({ provider: 13, subscriber: 17 });
  await onSubscriber(
    pair,
    `alter table t0 alter v type numeric; alter table t3 alter v type time; alter table t9 alter v type text`,
  );
  await write(
    pair,
    `alter table t0 alter v type numeric(12,4); update t0 set v = 1.2345; update t3 set v = '10:00'; update t9 set v = 'ab'`,
  );
  await replayAll(pair);
  await maintain(pair.shop.context('old'));
  await write(
    pair,
    `alter table t3 alter v type time(3); update t3 set v = '10:00:00.123'; insert into t9 values (9, 'ab ')`,
  );
  await write(pair, `alter table t9 add x int; update t9 set v = 'a'; alter table t9 drop x`);
  await onSubscriber(pair, 'alter table t9 add x int');
  await replayAll(pair);
  expect(await errorsOf(pair)).toEqual([]);
  await expectEqual(pair.old, pair.new, ['t0', 't3']);
  // The subscriber becomes narrower again: the earlier judgement does not count any more.
  await onSubscriber(pair, 'alter table t0 alter v type numeric(12,2)');
  await write(pair, 'update t0 set w = 5');
  await replayAll(pair);
  expect((await errorsOf(pair)).map(({ table }) => table)).toEqual(['public.t0']);
});

it('events that PgQ’s own triggers write are judged by the columns that the provider has', async () => {
  const pair = await installedPair({ provider: 13, subscriber: 17 });
  await pair.both(
    ['L', 'Q', 'J'].map((kind) => `create table t${kind} (id int primary key, v numeric(10,2));`).join(''),
  );
  await write(pair, ['L', 'Q', 'J'].map((kind) => `insert into t${kind} values (1, 1)`).join(';'));
  await pair.old.client(async (client) => {
    for (const kind of ['L', 'Q', 'J'])
      await demand(client, 'londiste.local_add_table', 'shop', `public.t${kind.toLowerCase()}`, [
        `tgflags=${kind}`,
      ]);
  });
  await addTables(pair, ['tl', 'tq', 'tj']);
  await followUntilSynced(pair);
  await write(pair, ['tl', 'tq', 'tj'].map((t) => `update ${t} set v = 2`).join(';'));
  await replayAll(pair);
  expect(await errorsOf(pair)).toEqual([]);
  await write(
    pair,
    ['tl', 'tq', 'tj']
      .map((t) => `alter table ${t} alter v type numeric(12,4); update ${t} set v = 1.2345`)
      .join(';'),
  );
  await replayAll(pair);
  expect((await errorsOf(pair)).map(({ table }) => table)).toEqual(['public.tj', 'public.tl', 'public.tq']);
  expect(await rowsOf(pair.new, 'tl')).toEqual(['1 | 2.00']);
});

it('a column that the root alone makes narrower sets its table aside: its rows have changed without an event', async () => {
  const pair = await installedPair({ provider: 17, subscriber: 13 });
  const narrowed: [from: string, to: string, value: string][] = [
    ['numeric(12,4)', 'numeric(10,2)', '1.2345'],
    ['numeric', 'int', '1.5'],
    ['timestamp(3)', 'timestamp(0)', `'2020-01-01 10:00:00.123'`],
    ['json', 'jsonb', `'{"a": 1, "a": 2}'`],
  ];
  const names = narrowed.map((_, nr) => `t${nr}`);
  await pair.both(
    `${narrowed.map(([from], nr) => `create table t${nr} (id int primary key, v ${from}, w int)`).join(';')}; create table plain (id int primary key, v int)`,
  );
  const fill = `${narrowed.map(([, , value], nr) => `insert into t${nr} values (1, ${value}, 1), (2, ${value}, 1)`).join(';')}; insert into plain values (1, 1)`;
  await write(pair, fill);
  await addTables(pair, [...names, 'plain']);
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, names);
  await write(
    pair,
    `${narrowed.map(([, to], nr) => `alter table t${nr} alter v type ${to}`).join(';')}; alter table plain alter v type bigint`,
  );
  const retyped = (await problemsOf(pair)).filter(({ code }) => code === 'provider-retyped');
  expect(retyped.map(({ message }) => message.split(':')[1])).toEqual(
    names.map((name) => ` table public.${name}`),
  );
  await write(
    pair,
    `${names.map((name) => `update ${name} set w = 2 where id = 1`).join(';')}; update plain set v = 2`,
  );
  await replayAll(pair);
  expect((await errorsOf(pair)).map(({ table }) => table).sort()).toEqual(
    names.map((name) => `public.${name}`),
  );
  await resync(pair.shop.context('old'), {
    tables: names.slice(0, 1).map((name) => `public.${name}`),
    all: false,
  });
  await copy(pair.shop.context('new'));
  await replayAll(pair);
  await copy(pair.shop.context('new'));
  await replayAll(pair);
  expect((await rowsOf(pair.new, 't0')).map((row) => row.replace('00 |', ' |'))).toEqual(
    await rowsOf(pair.old, 't0'),
  );
  expect((await problemsOf(pair)).filter(({ code }) => code === 'provider-retyped')).toEqual([]);
});
