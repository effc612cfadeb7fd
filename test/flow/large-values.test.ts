/** C6: a value that cannot be carried, or a row that takes longer than a run has, sets its table aside; others go on, and resync ends it. */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const RUN_MS = 8_000;

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

/** A run of replay that ends soon. Returns how it failed. */
const run = (pair: InstalledPair) =>
  replay(pair.shop.context('new', { budget: new Budget(systemClock, RUN_MS) })).then(
    () => null,
    (error: Error) => error.message,
  );

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

async function replicated(...tables: string[]): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 15, subscriber: 14 });
  await pair.both(tables.map((name) => `create table ${name} (id int primary key, v text);`).join(''));
  await addTables(pair, tables);
  await followUntilSynced(pair);
  return pair;
}

it('a row larger than can be carried sets its table aside, and is copied', async () => {
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

it('a row that takes longer than a run, alone, sets its table aside; status says what took so long', {
  timeout: 120_000,
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
  expect(await run(pair)).toContain('statement timeout');
  expect(await problems(pair)).toContainEqual(
    expect.objectContaining({
      code: 'replay-timeout',
      message: expect.stringMatching(
        /^replay of shop on new ran out of time: applying .* did not end within \d+ s/,
      ),
      remedy: expect.stringContaining('the next run takes'),
    }),
  );
  for (let runs = 0; runs < 6 && (await setAside(pair)).length === 0; runs++) await run(pair);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['u']);
  expect(await setAside(pair)).toMatchObject([
    { name: 'public.t', error: expect.stringContaining('it takes longer than a run has') },
  ]);
  expect((await problems(pair)).map(({ code }) => code)).not.toContain('replay-timeout');
});

it('a lock that somebody holds longer than a run sets nothing aside', { timeout: 120_000 }, async () => {
  const pair = await replicated('t');
  await write(pair, `insert into t values (1, 'a')`);
  await tickNow(pair);
  await pair.new.client(async (client) => {
    await client.query('begin; lock table t');
    expect(await run(pair)).toContain('statement timeout');
    expect(await run(pair)).toContain('lock timeout');
    expect(await run(pair)).toContain('lock timeout');
    await client.query('rollback');
  });
  expect(await setAside(pair)).toEqual([]);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['t']);
  expect((await problems(pair)).map(({ code }) => code)).not.toContain('replay-timeout');
});
