/**
 * C6, if all events of a batch are slow: the batch is applied in pieces that fit into a run, over several runs, and no run but the first
 * tries more than that.
 */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import type { Client } from '../../lib/db/client.ts';
import { PgtideError } from '../../lib/errors.ts';
import { replayWith } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const RUN_MS = 60_000;
const MS_PER_EVENT = 100;

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
  let staged = 0;
  let allowedMs = 0;
  let tooLong = 0;
  const at = async (step: string) => {
    if (step === 'batch.opened') allowedMs = budget.remainingMs() / 2;
    if (step === slowAt) {
      const row = await subscriber?.first<{ events: bigint }>(
        `select (select count(*) from pg_temp.pgtide_stage) + coalesce((select sum(events) from pg_temp.pgtide_typed), 0)::bigint as events`,
      );
      staged = Number(row?.events);
      clock.time += Math.min(staged * MS_PER_EVENT, allowedMs);
      if (staged * MS_PER_EVENT > allowedMs) {
        tooLong++;
        throw new PgtideError('busy', 'too long', {
          cause: Object.assign(new Error('too long'), { code: '57014' }),
        });
      }
    }
    if (step === 'position.advanced') slices.push(staged);
  };
  await replayWith({ at })({
    ...context,
    connect: (node, work, options) =>
      connect(
        node,
        (client) => {
          if (node === 'new') subscriber = client;
          return work(client);
        },
        options,
      ),
  });
  return { slices, tooLong };
}

it.each([
  { slow: 'that the provider is slow to send', at: 'events.staged' as const },
  { slow: 'that the subscriber is slow to apply', at: 'events.judged' as const },
])(
  'events $slow are applied over several runs, none of which but the first takes on too much',
  async ({ at }) => {
    const pair = await installedPair({ provider: 15, subscriber: 17 });
    await pair.both('create table t (id int primary key, v text)');
    await addTables(pair, ['t']);
    await followUntilSynced(pair);
    const count = 2500;
    await pair.old.client((client) =>
      client.query(`insert into t select i, 'a' from generate_series(1, ${count}) i`),
    );
    await tickNow(pair);

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
