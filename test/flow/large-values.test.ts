/**
 * C6: a value that cannot be carried, or a row that takes longer than a run has, sets its table aside. Other tables go on,
 * and resync ends it. A server that is slow for a while sets nothing aside.
 */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { copy } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const RUN_MS = 8_000;
/** A row is given up after five runs; in three of them it is alone. On a busy machine some runs do not get that far. */
const MAX_RUNS = 16;

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

/** Runs replay with a short budget until `done`. */
async function runUntil(pair: InstalledPair, done: () => Promise<boolean>): Promise<void> {
  for (let runs = 0; !(await done()); runs++) {
    if (runs === MAX_RUNS) throw new Error(`not after ${runs} runs`);
    const budget = new Budget(systemClock, RUN_MS);
    await replay(pair.shop.context('new', { budget })).catch(() => undefined);
  }
}

const setAside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ name: string; error: string }>(
      'select table_name as name, error from pgtide.table_state where error is not null order by 1',
    ),
  );

async function problems(pair: InstalledPair) {
  const { result } = await status(pair.shop.context('old'), {});
  return result.queues[0]?.nodes[1]?.problems ?? [];
}

const timeout = async (pair: InstalledPair) =>
  (await problems(pair)).find(({ code }) => code === 'replay-timeout');

async function replicated(...tables: string[]): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 15, subscriber: 14 });
  await pair.both(tables.map((name) => `create table ${name} (id int primary key, v text);`).join(''));
  await addTables(pair, tables);
  await followUntilSynced(pair);
  return pair;
}

it('a row that is too large for an event sets its table aside, and is copied', async () => {
  const pair = await replicated('t', 'u');
  await pair.old.superuser((client) =>
    client.query(`alter database ${pair.old.name} set pgtide.max_event_bytes = '1000000'`),
  );
  await write(pair, `insert into t values (1, 'small'); insert into u values (1, repeat('"', 400000))`);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['t', 'u']);
  await write(
    pair,
    `insert into t values (2, repeat('x', 1000000)); insert into u values (2, 'b'); select pgq.insert_event('shop', 'hello', repeat('x', 1000001))`,
  );
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['u']);
  expect(await setAside(pair)).toMatchObject([
    { name: 'public.t', error: expect.stringContaining('its row is larger than') },
  ]);
  expect((await problems(pair)).map(({ code }) => code)).toEqual(
    expect.arrayContaining(['table-error', 'event-set-aside']),
  );
  await resync(pair.shop.context('old'), { tables: ['t'], all: false });
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, ['t', 'u']);
});

it('a table whose rows are beyond a limit of the subscriber is set aside in its copy, and others are copied', async () => {
  const pair = await installedPair({ provider: 15, subscriber: 14 });
  await pair.both('create table t (id int primary key, v text); create table u (id int primary key, v text)');
  await write(pair, `insert into t values (1, 'large'); insert into u values (1, 'a')`);
  await pair.new.client((client) =>
    client.query(`create function public.limited(v text) returns bool language plpgsql as
        $$ begin raise exception 'no %', v using errcode = 'program_limit_exceeded'; end $$;
      alter table t add check (public.limited(v))`),
  );
  await addTables(pair, ['t', 'u']);
  for (let round = 0; round < 3; round++) {
    await copy(pair.shop.context('new'));
    await replayAll(pair);
  }
  expect(await setAside(pair)).toMatchObject([
    { name: 'public.t', error: expect.stringContaining('54000 program_limit_exceeded') },
  ]);
  await expectEqual(pair.old, pair.new, ['u']);
});

it('a row that takes longer than a run, alone, sets its table aside; status says what took so long', {
  timeout: 180_000,
}, async () => {
  const pair = await replicated('t', 'u');
  await pair.new.client((client) =>
    client.query(`create function public.take_time(v text) returns bool language sql as $$ select v <> 'slow' or pg_sleep(600) is not null $$;
      alter table t add check (public.take_time(v))`),
  );
  await write(
    pair,
    `insert into t values (1, 'slow'); insert into u select i, 'a' from generate_series(1, 10) i`,
  );
  await tickNow(pair);
  await runUntil(pair, async () => (await timeout(pair)) !== undefined);
  expect(await timeout(pair)).toMatchObject({
    message: expect.stringMatching(
      /^replay of shop on new ran out of time: applying .* did not end within \d+ s/,
    ),
    remedy: expect.stringMatching(/the next run (takes|gives)/),
  });
  await runUntil(pair, async () => (await setAside(pair)).length > 0);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['u']);
  expect(await setAside(pair)).toMatchObject([
    { name: 'public.t', error: expect.stringContaining('it takes longer than a run has') },
  ]);
  expect(await timeout(pair)).toBeUndefined();
});

it('a server that stalls for some runs sets nothing aside', async () => {
  const pair = await replicated('t', 'u');
  await pair.new.client((client) =>
    client.query(`create table public.stall (); insert into public.stall default values;
      create function public.stalled() returns bool language sql as $$ select pg_sleep(600) is not null from public.stall $$;
      alter table t add check (public.stalled() is not false)`),
  );
  await write(pair, `insert into t values (1, 'a'); insert into u values (1, 'a')`);
  await tickNow(pair);
  // The first run ends with one event alone, and in the other runs this event fails.
  for (let runs = 0; runs < 3; runs++)
    await replay(pair.shop.context('new', { budget: new Budget(systemClock, 6_000) })).catch(() => undefined);
  expect(await setAside(pair)).toEqual([]);
  expect(await timeout(pair)).toMatchObject({ remedy: expect.stringContaining('one event alone') });
  await pair.new.client((client) => client.query('truncate public.stall'));
  await replayAll(pair);
  expect(await setAside(pair)).toEqual([]);
  await expectEqual(pair.old, pair.new, ['t', 'u']);
  expect(await timeout(pair)).toBeUndefined();
});

it('a lock that is held longer than a run sets nothing aside', { timeout: 180_000 }, async () => {
  const pair = await replicated('t');
  await write(pair, `insert into t values (1, 'a')`);
  await tickNow(pair);
  await pair.new.client(async (client) => {
    await client.query('begin; lock table t');
    // status itself would wait for the lock.
    await runUntil(pair, () =>
      pair.new.client(
        async (other) =>
          (await other.query('select from pgtide.replay_state where attempt_events is not null')).length > 0,
      ),
    );
    let runs = 0;
    await runUntil(pair, async () => runs++ === 1);
    await client.query('rollback');
  });
  expect(await timeout(pair)).toMatchObject({ remedy: expect.stringContaining('one event alone') });
  expect(await setAside(pair)).toEqual([]);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['t']);
  expect(await timeout(pair)).toBeUndefined();
});
