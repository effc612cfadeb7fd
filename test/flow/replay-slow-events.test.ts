/**
 * C6, if all events of a batch are slow: the batch is applied in pieces that fit into a run, over several runs, and no run but the first
 * tries more than that.
 */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import type { Client } from '../../lib/db/client.ts';
import { PgtideError } from '../../lib/errors.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { replayWith } from '../../lib/units/replay.ts';
import { asRows } from '../support/arrivals.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const RUN_MS = 60_000;
const MS_PER_EVENT = 100;

type Connect = UnitContext['connect'];

/** Connects, and shows each of the subscriber's connections to the test. */
const noting =
  (note: (subscriber: Client) => void, connect: Connect): Connect =>
  (node, work, options) =>
    connect(
      node,
      (client) => {
        if (node === 'new') note(client);
        return work(client);
      },
      options,
    );

const failure = (code: string) =>
  new PgtideError('busy', 'too long', { cause: Object.assign(new Error('too long'), { code }) });

/** How many events the slice holds, and how many of them arrived as rows. */
async function staged(subscriber: Client | undefined): Promise<{ events: number; rows: number }> {
  const row = await subscriber?.first<{ events: bigint; rows: bigint }>(
    `select (select count(*) from pg_temp.pgtide_stage) + t.rows as events, t.rows
       from (select coalesce(sum(events), 0)::bigint as rows from pg_temp.pgtide_typed) t`,
  );
  return { events: Number(row?.events), rows: Number(row?.rows) };
}

/** A run on a server that takes a constant time for each event. Returns the events of its slices, and how many slices took too long. */
async function runSlowly(
  pair: InstalledPair,
  slowAt: 'events.staged' | 'events.judged',
): Promise<{ slices: number[]; tooLong: number }> {
  const clock = { time: 0, now: () => clock.time };
  const budget = new Budget(clock, RUN_MS);
  const { connect, ...context } = pair.shop.context('new', { clock, budget });
  const slices: number[] = [];
  let subscriber: Client | undefined;
  let events = 0;
  let allowedMs = 0;
  let tooLong = 0;
  const at = async (step: string) => {
    if (step === 'batch.opened') allowedMs = budget.remainingMs() / 2;
    if (step === slowAt) {
      events = (await staged(subscriber)).events;
      clock.time += Math.min(events * MS_PER_EVENT, allowedMs);
      if (events * MS_PER_EVENT > allowedMs) {
        tooLong++;
        throw failure('57014');
      }
    }
    if (step === 'position.advanced') slices.push(events);
  };
  await replayWith({ at })({ ...context, connect: noting((client) => (subscriber = client), connect) });
  return { slices, tooLong };
}

async function batchOf(events: number): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 15, subscriber: 17 });
  await asRows(pair);
  await pair.both('create table t (id int primary key, v text)');
  await addTables(pair, ['t']);
  await followUntilSynced(pair);
  await pair.old.client((client) =>
    client.query(`insert into t select i, 'a' from generate_series(1, ${events}) i`),
  );
  await tickNow(pair);
  return pair;
}

it.each([
  { slow: 'that the provider is slow to send', at: 'events.staged' as const },
  { slow: 'that the subscriber is slow to apply', at: 'events.judged' as const },
])(
  'events $slow are applied over several runs, none of which but the first takes on too much',
  async ({ at }) => {
    const count = 2500;
    const pair = await batchOf(count);

    const runs = [await runSlowly(pair, at)];
    // It is stopped at half of its time, and at half of what is left then.
    expect(runs[0]?.tooLong).toBe(2);
    const left = () => count - runs.flatMap(({ slices }) => slices).reduce((sum, events) => sum + events, 0);
    while (left() > 0) {
      const run = await runSlowly(pair, at);
      expect(run.tooLong, 'slices of a later run that took too long').toBe(0);
      expect(run.slices.length, 'slices of a later run').toBeGreaterThan(0);
      runs.push(run);
    }
    expect(left()).toBe(0);
    // A run has time for 600 events, but a slice has half of what is left of it.
    expect(runs.length).toBeLessThan(12);
    await expectEqual(pair.old, pair.new, ['t']);
  },
);

it.each([
  { next: 'those that follow, too', failures: ['TD013'], slices: [20, 20, 40, 40] },
  // After the failure a tenth of them, then twice as many each time.
  {
    next: 'a part of them, if that takes too long',
    failures: ['TD013', '57014'],
    slices: [20, 20, 2, 4, 8, 16, 32, 38],
  },
])(
  'rows that fail within a limit are replayed with events in that run: $next',
  async ({ failures, slices }) => {
    const pair = await batchOf(100);
    await pair.new.client((client) => client.query('update pgtide.replay_state set attempt_events = 20'));
    const { connect, ...context } = pair.shop.context('new');
    const seen: { events: number; rows: number }[] = [];
    let subscriber: Client | undefined;
    const at = async (step: string) => {
      if (step !== 'events.judged') return;
      seen.push(await staged(subscriber));
      const code = failures[seen.length - 1];
      if (code) throw failure(code);
    };
    await replayWith({ at })({ ...context, connect: noting((client) => (subscriber = client), connect) });
    expect(seen.map(({ events }) => events)).toEqual(slices);
    expect(seen.map(({ rows }) => rows)).toEqual(slices.map((events, nr) => (nr === 0 ? events : 0)));
    await expectEqual(pair.old, pair.new, ['t']);
  },
);
