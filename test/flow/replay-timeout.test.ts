/**
 * C6: a slice that would take longer than the run has is tried again with fewer events, and so completes in the end. An
 * event that is alone is given up only when it has failed in several whole runs.
 */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { PgtideError } from '../../lib/errors.ts';
import { RUNS_ALONE } from '../../lib/node/runs-alone.ts';
import { ALONE, GIVE_UP, noteAttempt } from '../../lib/replay/attempt.ts';
import type { Replay } from '../../lib/replay/replay-work.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

const attempts = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ events: bigint | null; alone: number; note: string | null }>(
      'select attempt_events as events, attempts_alone as alone, attempt_note as note from pgtide.replay_state',
    ),
  );

const setAside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ name: string; error: string }>(
      'select table_name as name, error from pgtide.table_state where error is not null order by 1',
    ),
  );

const tooLong = () =>
  new PgtideError('busy', 'too long', { cause: Object.assign(new Error('too long'), { code: '57014' }) });

/** Makes the first slices end as if they took too long. */
function slowFor(slices: number) {
  let left = slices;
  return replayWith({
    at: (step) => {
      if (step === 'events.judged' && left-- > 0) throw tooLong();
    },
  });
}

/** Runs in which one event alone takes too long: as many as it may have, less `left`. The first of them begins with more events. */
async function failAlone(pair: InstalledPair, { left }: { left: number }): Promise<void> {
  for (let runs = 0; runs < RUNS_ALONE - left; runs++)
    await expect(slowFor(runs === 0 ? 2 : 1)(pair.shop.context('new'))).rejects.toThrow('too long');
}

it('applies slow rows in smaller slices', { timeout: 120_000 }, async () => {
  const pair = await installedPair();
  await pair.both('create table slow (id int primary key, n int)');
  await addTables(pair, ['slow']);
  await followUntilSynced(pair);
  await pair.new.client((client) =>
    client.query(`
      create function public.take_time(n int) returns bool language sql as 'select pg_sleep(0.03) is not null';
      alter table slow add check (public.take_time(n))`),
  );
  await write(pair, 'insert into slow select i, i from generate_series(1, 200) i');
  await tickNow(pair);
  const seen = (name: string) => (pair.shop.counts.get(name) ?? 0) > 0;
  // The whole takes 6 s at least, and a slice has at most half of the budget. A busy machine may need more runs.
  for (let runs = 0; runs < 10 && !(seen('timeouts') && seen('slices')); runs++)
    await replay(pair.shop.context('new', { budget: new Budget(systemClock, 8_000) })).catch(() => undefined);
  expect(Object.fromEntries(pair.shop.counts)).toMatchObject({
    timeouts: expect.any(Number),
    slices: expect.any(Number),
  });
  await replay(pair.shop.context('new'));
  await expectEqual(pair.old, pair.new, ['slow']);
});

it('a leaf whose first slice takes too long stores that; a run that was overtaken stores nothing', async () => {
  const pair = await installedPair();
  await write(pair, `select pgq.insert_event('shop', 'hello', 'x')`);
  await tickNow(pair);
  expect(await attempts(pair), 'nothing was replayed yet').toEqual([]);
  await failAlone(pair, { left: 1 });
  expect(await attempts(pair)).toMatchObject([
    { events: BigInt(ALONE), alone: RUNS_ALONE - 1, note: expect.stringContaining('one event') },
  ]);
  // The run that gives the event up is too slow for this slice, too.
  await expect(slowFor(2)(pair.shop.context('new'))).rejects.toThrow('too long');
  expect(await attempts(pair)).toMatchObject([{ events: BigInt(GIVE_UP), alone: 0 }]);

  await pair.new.client((client) =>
    client.query('update pgtide.replay_state set epoch = 7, attempt_events = null'),
  );
  const note = (epoch: bigint | null) =>
    pair.shop.context('new').connect('new', (subscriber) => {
      const of = { queue: 'shop', consumer: 'shop.new', subscriber, epoch, statementTimeoutMs: 1000 };
      return noteAttempt(of as Replay, { events: ALONE, failedAlone: 1 }, { events: 1, step: undefined });
    });
  await note(6n);
  expect(await attempts(pair)).toMatchObject([{ events: null, alone: 0 }]);
  await note(7n);
  expect(await attempts(pair)).toMatchObject([{ events: BigInt(ALONE), alone: 1 }]);
  // An epoch that lies far in the future fences off no run.
  await pair.new.client((client) =>
    client.query('update pgtide.replay_state set epoch = 1::bigint << 60, attempt_events = null'),
  );
  await note(7n);
  expect(await attempts(pair)).toMatchObject([{ events: BigInt(ALONE) }]);
});

it('a run that has only a share of its invocation does not count against an event', async () => {
  const pair = await oneEvent();
  const share = () => ({ budget: new Budget(systemClock, 20_000), wholeMs: 53_000 });
  for (let runs = 0; runs <= RUNS_ALONE; runs++)
    await expect(slowFor(1)(pair.shop.context('new', share()))).rejects.toThrow('too long');
  expect(await attempts(pair)).toMatchObject([{ events: BigInt(ALONE), alone: 0 }]);
  expect(await setAside(pair)).toEqual([]);
  await replay(pair.shop.context('new', share()));
  await expectEqual(pair.old, pair.new, ['t']);
});

async function oneEvent(): Promise<InstalledPair> {
  const pair = await installedPair();
  await pair.both('create table t (id int primary key, v text)');
  await addTables(pair, ['t']);
  await followUntilSynced(pair);
  await write(pair, `insert into t values (1, 'a')`);
  await tickNow(pair);
  return pair;
}

it('an event that has failed alone in too few runs is applied, and what follows starts from the beginning', async () => {
  const pair = await oneEvent();
  await failAlone(pair, { left: 1 });
  await replay(pair.shop.context('new'));
  expect(await attempts(pair)).toMatchObject([{ events: null, alone: 0, note: null }]);
  await expectEqual(pair.old, pair.new, ['t']);
  await write(pair, `insert into t values (2, 'b')`);
  await tickNow(pair);
  await failAlone(pair, { left: 1 });
  expect(await setAside(pair)).toEqual([]);
  await slowFor(1)(pair.shop.context('new'));
  expect(await setAside(pair)).toMatchObject([
    { name: 'public.t', error: expect.stringContaining('it takes longer than a run has') },
  ]);
});

it('status says how many runs an event has left', async () => {
  const pair = await oneEvent();
  const remedy = async () => {
    const { result } = await status(pair.shop.context('old'), {});
    return result.queues[0]?.nodes[1]?.problems.find(({ code }) => code === 'replay-timeout')?.remedy;
  };
  await failAlone(pair, { left: RUNS_ALONE - 1 });
  expect(await remedy()).toContain(`one event alone; if that takes all of ${RUNS_ALONE - 1} more runs`);
  for (let left = RUNS_ALONE - 1; left > 1; left--)
    await expect(slowFor(1)(pair.shop.context('new'))).rejects.toThrow('too long');
  expect(await remedy()).toContain(
    'one event alone; if that takes all of one more run, its table is set aside',
  );
});

it.each([
  { failed: 'applying one event', at: 'events.judged', spentMs: 20_000 },
  { failed: 'checking the position before one event', at: 'batch.opened', spentMs: 0 },
])(
  'a server that stalls before the event is reached is not the fault of the event: $failed',
  async (stall) => {
    const pair = await oneEvent();
    await failAlone(pair, { left: 1 });
    const clock = { time: 0, now: () => clock.time };
    const run = replayWith({
      at: (step) => {
        if (step === 'batch.opened') clock.time += stall.spentMs;
        if (step === stall.at) throw tooLong();
      },
    });
    const context = pair.shop.context('new', { clock, budget: new Budget(clock, 60_000) });
    await expect(run(context)).rejects.toThrow('too long');
    expect(await attempts(pair)).toMatchObject([
      { events: BigInt(ALONE), alone: RUNS_ALONE - 1, note: expect.stringMatching(`^${stall.failed}`) },
    ]);
    await replay(pair.shop.context('new'));
    expect(await setAside(pair)).toEqual([]);
    await expectEqual(pair.old, pair.new, ['t']);
  },
);

it('giving up an event gives up no other, if the next slice has to be read with care', async () => {
  const pair = await installedPair(
    { provider: 15, subscriber: 14 },
    { replay: { maxEvents: 2 }, copy: { chunkBytes: 64 * 1024 } },
  );
  await pair.both(
    ['slow', 'innocent', 'copied'].map((t) => `create table ${t} (id int primary key, v text);`).join(''),
  );
  await write(
    pair,
    `insert into copied select i, repeat('x', 700) from generate_series(1, 300) i; analyze copied`,
  );
  await addTables(pair, ['slow', 'innocent']);
  await followUntilSynced(pair);
  await addTables(pair, ['copied']);
  const at = async (step: string) => {
    if (step !== 'copy.planned') return;
    await replayAll(pair);
    await write(
      pair,
      `insert into slow values (1, 'a'); insert into innocent values (1, 'a');
       select pgq.insert_event('shop', '{"op":"UPDATE","table":["public","copied"],"pkey":["id"]}', 'no json', 'public.copied', null, null, null)`,
    );
    await tickNow(pair);
    // The slices are the first two events, and then the first alone, which is given up; then the second and the one that
    // cannot be read.
    await failAlone(pair, { left: 1 });
    await slowFor(1)(pair.shop.context('new'));
  };
  await copyWith({ at })(pair.shop.context('new'));
  expect((await setAside(pair)).map(({ name }) => name)).toEqual(['public.copied', 'public.slow']);
  await expectEqual(pair.old, pair.new, ['innocent']);
});

it('an epoch that the run was given instead of its own is kept when a slice is tried again', async () => {
  const pair = await installedPair();
  await pair.both('create table t (id int primary key, v text)');
  await addTables(pair, ['t']);
  await followUntilSynced(pair);
  await pair.new.client((client) => client.query('update pgtide.replay_state set epoch = 100'));
  await write(pair, `insert into t values (1, 'a'), (2, 'b')`);
  await tickNow(pair);
  const stamped: bigint[] = [];
  const restamp = async (epoch: bigint) => stamped.push(epoch) > 0;
  await slowFor(1)(pair.shop.context('new', { epoch: 5n, restamp }));
  expect(stamped).toHaveLength(1);
  await expectEqual(pair.old, pair.new, ['t']);
});

it.each(['old', 'new'] as const)(
  'a lock on node %s that lasts is not the fault of the event alone',
  async (side) => {
    const pair = await oneEvent();
    await failAlone(pair, { left: 1 });
    await pair[side].client(async (client) => {
      await client.query(
        side === 'new'
          ? 'begin; lock table t'
          : `begin; do $$ begin execute 'lock table ' || pgq.current_event_table('shop'); end $$`,
      );
      // Longer than connecting takes, and short enough for a test.
      const context = pair.shop.context('new', { budget: new Budget(systemClock, 6_000) });
      await expect(replay(context)).rejects.toThrow('lock timeout');
      await client.query('rollback');
    });
    expect(await attempts(pair)).toMatchObject([{ events: BigInt(ALONE), alone: RUNS_ALONE - 1 }]);
    await replay(pair.shop.context('new'));
    expect(await setAside(pair)).toEqual([]);
    await expectEqual(pair.old, pair.new, ['t']);
  },
);
