/** A pair that had nothing to copy is skipped for some minutes, until its rest is over or new work wakes it. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { PgtideError } from '../../../lib/errors.ts';
import { type LeaseStore, leaseKey } from '../../../lib/lease/lease-store.ts';
import type { Outcome } from '../../../lib/outcome.ts';
import type { Environment } from '../../../lib/runtime/environment.ts';
import { onDemandHandler } from '../../../lib/runtime/on-demand-handler.ts';
import { planServing, selectPairs } from '../../../lib/runtime/pairs.ts';
import { scheduledHandler } from '../../../lib/runtime/scheduled-handler.ts';
import { lambdaContext } from '../../support/consumer.ts';
import { config, unitOf, untouched, world } from '../../support/unit-runs.ts';

const MINUTE_MS = 60_000;

/** The copy function, as it is called for one pair, and the contexts that its unit got. */
function copyOf(environment: Environment, ...outcomes: Outcome['kind'][]) {
  const { unit, contexts } = unitOf(...outcomes);
  const handler = scheduledHandler({ name: 'copy', environment, unit });
  const call = async () =>
    (await handler({ queue: 'shop', node: 'new' }, lambdaContext())).runs.map(({ outcome }) => outcome);
  return { call, contexts };
}

test('a pair with nothing to copy rests for four minutes: its runs take no lease, call no unit, and are logged', async () => {
  const { environment, clock, lines } = await world();
  const { call, contexts } = copyOf(environment);
  const { acquire } = environment.leaseStore(config);
  let taken = 0;
  environment.leaseStore(config).acquire = function (...values) {
    taken++;
    return acquire.apply(this, values);
  };
  for (let minute = 0; minute < 10; minute++) {
    expect(await call()).toEqual(['idle']);
    // Schedules are not exact.
    clock.advance(MINUTE_MS + (minute % 2 === 0 ? -500 : 500));
  }
  expect([contexts.length, taken]).toEqual([2, 2]);
  expect(lines.map(({ resting = 0 }) => resting)).toEqual([0, 1, 1, 1, 1, 0, 1, 1, 1, 1]);
  expect(lines[1]).toMatchObject({ unit: 'copy', queue: 'shop', node: 'new', outcome: 'idle', repeats: 0 });
});

test('only a run that found nothing to do is followed by a rest, and only if the unit has one', async () => {
  const { environment, clock } = await world();
  const worked = copyOf(environment, 'applied', 'idle', 'waiting-for', 'out-of-budget', 'idle');
  const seen: string[] = [];
  for (let minute = 0; minute < 5; minute++) {
    seen.push(...(await worked.call()));
    clock.advance(MINUTE_MS);
  }
  expect(seen).toEqual(['applied', 'waiting-for', 'out-of-budget', 'idle', 'idle']);
  expect(worked.contexts).toHaveLength(5);
  const replay = unitOf();
  const handler = scheduledHandler({ name: 'replay', environment, unit: replay.unit });
  for (let minute = 0; minute < 3; minute++) await handler({ queue: 'shop', node: 'new' }, lambdaContext());
  expect(replay.contexts).toHaveLength(3);
});

test('a run by hand neither begins a rest nor observes one', async () => {
  const { environment, run } = await world();
  const { call, contexts } = copyOf(environment);
  await call();
  const byHand = unitOf();
  await run(byHand.unit, { unitName: 'copy' });
  expect(byHand.contexts).toHaveLength(1);
  await call();
  expect(contexts).toHaveLength(2);
});

test('pairs that rest are skipped, and the others are served in their order', async () => {
  const { environment, clock, leaseStore } = await world();
  await copyOf(environment).call();
  clock.advance(MINUTE_MS);
  const { due, resting } = await planServing(selectPairs(config, 'copy'), 'copy', {
    leaseStore,
    now: clock.now(),
  });
  expect(resting).toEqual([{ queue: 'shop', node: 'new' }]);
  expect(due).toEqual([
    { queue: 'shop', node: 'far' },
    { queue: 'back', node: 'old' },
  ]);
});

test('a rest that is longer than the unit allows, as a wrong clock sets it, is ignored', async () => {
  const { environment, leaseStore, clock } = await world();
  const key = leaseKey('copy', 'shop', 'new');
  const taken = await leaseStore.acquire(key, 'x', 1000);
  if (taken.kind === 'acquired') await leaseStore.release(taken.lease, new Date(clock.now() + 86_400_000));
  const { call, contexts } = copyOf(environment);
  await call();
  expect(contexts).toHaveLength(1);
});

test('a function that commits work for a resting unit wakes it, also if it fails afterwards', async () => {
  const { environment, lines } = await world();
  const { call, contexts } = copyOf(environment);
  for (const fails of [false, true]) {
    await call();
    await call();
    const demand = onDemandHandler({
      name: 'add-table',
      environment,
      input: z.strictObject({}),
      unit: async (context) => {
        context.wake?.('copy', 'new');
        if (fails) throw new PgtideError('connection', 'gone');
        return { outcome: { kind: 'done' }, result: {} };
      },
    });
    const before = contexts.length;
    const [end] = await Promise.allSettled([demand({ queue: 'shop' }, lambdaContext())]);
    expect(end.status).toBe(fails ? 'rejected' : 'fulfilled');
    await call();
    expect(contexts).toHaveLength(before + 1);
  }
  expect(JSON.stringify(lines)).not.toContain('wakeError');
});

test('a unit that cannot be woken is reported, and the run still counts', async () => {
  const { run } = await world();
  const leaseStore: LeaseStore = { ...untouched, wake: () => Promise.reject(new Error('gone')) };
  const report = await run(
    async ({ wake }) => {
      wake?.('copy', 'new');
      return { kind: 'done' };
    },
    { unitName: 'resync', node: 'old', leaseStore },
  );
  expect(report).toMatchObject({ outcome: { kind: 'done' }, wakeError: 'gone' });
  await run(async ({ wake }) => ({ kind: wake ? 'done' : 'idle' }), { leaseStore: null }).then(
    ({ outcome }) => expect(outcome).toEqual({ kind: 'idle' }),
  );
});

test('if rests cannot be read, a single pair is served as if there were none', async () => {
  const { environment, leaseStore } = await world();
  leaseStore.states = () => Promise.reject(new PgtideError('connection', 'gone'));
  const { call, contexts } = copyOf(environment);
  expect([...(await call()), ...(await call())]).toEqual(['idle', 'idle']);
  expect(contexts).toHaveLength(2);
});
