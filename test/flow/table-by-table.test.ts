/**
 * Tables join and leave a queue one by one: a call locks one table at a time, and a busy table does not keep the others
 * waiting. A call that ends in the middle leaves no table half done, and the same call again goes on from there.
 */
import { expect, test } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import type { ProgressEvent } from '../../lib/unit-context/context.ts';
import { status } from '../../lib/units/status.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { add, captured, ddl, members, names, remove } from '../support/membership.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

/** The remedies that status names for captures of tables that are not in the queue. */
const leftCaptures = async (pair: InstalledPair) =>
  (await status(pair.shop.context('old'), {})).result.queues
    .flatMap(({ nodes }) => nodes.flatMap(({ problems }) => problems))
    .filter(({ code }) => code === 'capture-left')
    .map(({ remedy }) => remedy);

/** The largest number of tables that had a lock that excludes writers at the same time, while `work` ran. */
async function watchLocks(pair: InstalledPair, work: () => Promise<unknown>): Promise<number> {
  let working = true;
  let most = 0;
  await using watcher = await pair.old.open();
  const watching = (async () => {
    while (working) {
      const row = await watcher.client.first<{ tables: number }>(
        `select count(distinct relation)::int as tables from pg_locks l join pg_class c on c.oid = l.relation and c.relkind in ('r', 'p')
          where l.database = (select oid from pg_database where datname = current_database()) and c.relnamespace = 'public'::regnamespace
            and l.mode in ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
      );
      most = Math.max(most, row?.tables ?? 0);
    }
  })();
  try {
    await work();
  } finally {
    working = false;
    await watching;
  }
  return most;
}

test('one table is locked at a time, when tables are added and removed', async () => {
  const pair = await installedPair();
  await pair.both(ddl);
  const seen: ProgressEvent[] = [];
  const progress = (event: ProgressEvent) => void seen.push(event);
  expect(await watchLocks(pair, () => add(pair, { all: true }, { progress }))).toBeLessThanOrEqual(1);
  expect(await members(pair, 'new')).toEqual(names);
  expect(seen.at(-1)).toEqual({ queue: 'shop', node: 'new', step: 'add', tables: 20, totalTables: 20 });
  await followUntilSynced(pair);
  expect(await watchLocks(pair, () => remove(pair, { all: true }, { progress }))).toBeLessThanOrEqual(1);
  expect(await captured(pair)).toEqual([]);
  expect(seen.at(-1)).toEqual({ queue: 'shop', node: 'old', step: 'remove', tables: 20, totalTables: 20 });
});

test('partitions are captured one at a time, and no row is lost', async () => {
  const pair = await installedPair();
  const parts = Array.from({ length: 12 }, (_, nr) => `p_${nr + 10}`);
  await pair.both(`create table p (id int primary key, v text) partition by range (id);
    ${parts.map((name, nr) => `create table ${name} partition of p for values from (${nr * 10}) to (${nr * 10 + 10});`).join('\n')}`);
  let writing = true;
  let written = 0;
  await using writer = await pair.old.open();
  const writes = (async () => {
    for (; writing; written++) {
      const id = written % 120;
      const into = written % 2 === 0 ? 'p' : `p_${10 + Math.floor(id / 10)}`;
      await writer.client.query(
        `insert into ${into} values (${id}, '${written}') on conflict (id) do update set v = excluded.v`,
      );
    }
  })();
  await add(pair, { tables: ['p'] });
  writing = false;
  await writes;
  expect(await captured(pair)).toEqual(['p', ...parts]);
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, ['p']);
  await remove(pair, { tables: ['p'] });
  expect(await captured(pair)).toEqual([]);
  await replayAll(pair);
  expect(await members(pair, 'new')).toEqual([]);
});

test('a partitioned table with a unique index is at no time locked together with a partition', async () => {
  const pair = await installedPair();
  await pair.both(`create table p (id int primary key, v text) partition by range (id);
    do $$ begin for nr in 0 .. 39 loop execute format('create table p_%s partition of p for values from (%s) to (%s)',
      nr, nr * 10, nr * 10 + 10); end loop; end $$`);
  expect(await watchLocks(pair, () => add(pair, { tables: ['p'], expectSync: true }))).toBe(1);
  expect(await captured(pair)).toHaveLength(41);
  expect(await watchLocks(pair, () => remove(pair, { tables: ['p'] }))).toBe(1);
  expect(await captured(pair)).toEqual([]);
});

test('a table that a transaction has locked blocks no other one, and is named', async () => {
  const pair = await installedPair();
  await pair.both(ddl);
  await using writer = await pair.old.open();
  await writer.client.query('begin; insert into t15 default values');
  // The budget allows this number of looks, however long they take: one at each table, and then a few at the remaining one.
  const budget = () => {
    let looks = 25;
    return Object.assign(new Budget(systemClock, 60_000), { allows: () => looks-- > 0 });
  };
  const failed = await add(pair, { all: true }, { budget: budget() }).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('public.t15 cannot be added: the lock is held by process'),
    remedy: expect.stringContaining('the 19 other tables are added'),
  });
  expect(await members(pair, 'old')).toEqual(names.filter((name) => name !== 't15'));
  await writer.client.query('commit');
  await add(pair, { all: true });
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, names);

  await writer.client.query('begin; insert into t15 default values');
  await expect(remove(pair, { tables: names }, { budget: budget() })).rejects.toMatchObject({ kind: 'busy' });
  expect(await members(pair, 'old')).toEqual(['t15']);
  await writer.client.query('commit');
  await replayAll(pair);
  const { result } = await remove(pair, { tables: names });
  expect(result.tables.find(({ name }) => name === 'public.t15')).toEqual({
    name: 'public.t15',
    state: 'leaving',
  });
  expect(result.tables.filter(({ note }) => note === 'was not in the queue')).toHaveLength(19);
  await replayAll(pair);
  expect(await members(pair, 'new')).toEqual([]);
  await expectEqual(pair.old, pair.new, names);
});

test('a call that runs out of time says how far it came, and the same call goes on', async () => {
  const pair = await installedPair();
  await pair.both(ddl);
  let left = 4;
  const budget = Object.assign(new Budget(systemClock, 60_000), { allows: () => left-- > 0 });
  await expect(add(pair, { all: true }, { budget })).rejects.toMatchObject({
    kind: 'busy',
    message: 'old: the time was over when 4 of 20 tables were added',
    remedy: 'run the same again: it goes on with the others',
  });
  expect(await members(pair, 'old')).toEqual(names.slice(0, 4));
  expect(await members(pair, 'new')).toEqual([]);
  await add(pair, { all: true });
  expect(await members(pair, 'old')).toEqual(names);
  expect(await members(pair, 'new')).toEqual(names);
});

test('a call that dies between two partitions is continued, for add-table and remove-table', async () => {
  const pair = await installedPair();
  await pair.both(`create table p (id int, v text) partition by range (id);
    create table p_1 partition of p for values from (0) to (10);
    create table p_2 partition of p for values from (10) to (20);
    create table p_3 partition of p for values from (20) to (30)`);
  const budget = () => new Budget(systemClock, 5_000);
  await using writer = await pair.old.open();
  await writer.client.query('begin; insert into p_2 values (11)');
  await expect(add(pair, { tables: ['p'] }, { budget: budget() })).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringMatching(/the lock is held by process \d+ .* on public\.p_2 since/),
  });
  await writer.client.query('commit');
  await add(pair, { tables: ['p'] });
  await followUntilSynced(pair);

  await writer.client.query('begin; select from p_2');
  await expect(remove(pair, { tables: ['p'] }, { budget: budget() })).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringMatching(/the lock is held by process \d+ .* on public\.p_2 since/),
  });
  expect(await members(pair, 'old')).toEqual([]);
  expect(await captured(pair)).toEqual(['p', 'p_2', 'p_3']);
  expect(await leftCaptures(pair)).toEqual([
    'unless add-table or remove-table is running: pgtide remove-table shop public.p',
  ]);
  await writer.client.query('commit');
  await replayAll(pair);
  expect(await members(pair, 'new')).toEqual([]);
  await remove(pair, { all: true });
  expect(await captured(pair)).toEqual([]);
});

test('a partition that was detached, and keeps its triggers, goes with all others', async () => {
  const pair = await installedPair();
  await pair.both(`create table p (id int primary key) partition by range (id);
    create table p_1 partition of p for values from (0) to (10); create table p_2 partition of p for values from (10) to (20)`);
  await add(pair, { tables: ['p'] });
  await pair.both('alter table p detach partition p_1');
  expect(await captured(pair)).toContain('p_1');
  expect(await leftCaptures(pair)).toEqual([
    'unless add-table or remove-table is running: pgtide remove-table shop public.p_1',
  ]);
  await remove(pair, { all: true });
  expect(await captured(pair)).toEqual([]);
});
