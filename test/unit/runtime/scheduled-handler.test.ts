/** A scheduled function serves all pairs of its unit, those first that have waited longest, or the one that its input names. */
import { expect, test } from 'vitest';
import { PgtideError } from '../../../lib/errors.ts';
import { leaseKey } from '../../../lib/lease/lease-store.ts';
import { planServing, selectPairs } from '../../../lib/runtime/pairs.ts';
import { scheduledHandler } from '../../../lib/runtime/scheduled-handler.ts';
import { lambdaContext } from '../../support/consumer.ts';
import { config, unitOf, world } from '../../support/unit-runs.ts';

test('a unit works for roots or for leaves, and any other node is rejected', () => {
  expect(selectPairs(config, 'tick')).toEqual([
    { queue: 'shop', node: 'old' },
    { queue: 'back', node: 'new' },
  ]);
  expect(selectPairs(config, 'replay', { queue: 'shop' })).toEqual([
    { queue: 'shop', node: 'new' },
    { queue: 'shop', node: 'far' },
  ]);
  expect(() => selectPairs(config, 'replay', { queue: 'shop', node: 'old' })).toThrow(
    'replay has no work for the node "old"',
  );
});

test('the pair that was served longest ago is first; units without leases begin at another pair each minute', async () => {
  const { clock, leaseStore } = await world();
  const pairs = selectPairs(config, 'copy');
  await leaseStore.acquire(leaseKey('copy', 'shop', 'new'), 'x', 1000);
  clock.advance(1000);
  await leaseStore.acquire(leaseKey('copy', 'back', 'old'), 'x', 1000);
  const { due } = await planServing(pairs, 'copy', { leaseStore, now: clock.now() });
  expect(due.map(({ queue, node }) => `${queue}/${node}`).slice(-2)).toEqual(['shop/new', 'back/old']);
  const ticks = selectPairs(config, 'tick');
  const starts = [0, 60_000].map(
    async (now) => (await planServing(ticks, 'tick', { leaseStore, now })).due[0],
  );
  expect(new Set((await Promise.all(starts)).map((pair) => pair?.queue)).size).toBe(2);
});

test('a scheduled function without input serves all pairs within its minute, and logs a line for each', async () => {
  const { environment, lines, clock } = await world();
  const handler = scheduledHandler({
    name: 'replay',
    environment,
    unit: async ({ budget }) => {
      // The second pair gets what the first has left.
      clock.advance(40_000);
      return budget.remainingMs() > 0 ? { kind: 'idle' } : { kind: 'out-of-budget' };
    },
  });
  const response = await handler({}, lambdaContext());
  expect(response.runs).toHaveLength(2);
  expect(lines).toHaveLength(2);
  const notice = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}' };
  clock.advance(60_000);
  expect((await handler(notice, lambdaContext())).runs).toHaveLength(2);
});

test('a scheduled function serves one pair by name, and rejects unknown names', async () => {
  const { environment, lines } = await world();
  const handler = scheduledHandler({ name: 'replay', environment, unit: unitOf('idle').unit });
  expect(await handler({ queue: 'shop', node: 'far' }, lambdaContext())).toEqual({
    runs: [{ queue: 'shop', node: 'far', outcome: 'idle' }],
  });
  await expect(handler({ queue: 'shop', nod: 'far' }, lambdaContext())).rejects.toMatchObject({
    kind: 'input',
  });
  await expect(handler({ queue: 'shopp' }, lambdaContext())).rejects.toMatchObject({ kind: 'input' });
  expect(lines).toHaveLength(3);
});

test('a scheduled function succeeds after a transient error; after one for an operator it fails, once all pairs are served', async () => {
  const { environment, lines } = await world();
  const failing = (kind: PgtideError['kind']) =>
    scheduledHandler({
      name: 'tick',
      environment,
      unit: ({ queue }) =>
        queue === 'shop'
          ? Promise.reject(new PgtideError(kind, 'no hunter2'))
          : Promise.resolve({ kind: 'idle' }),
    });
  const { runs } = await failing('connection')({}, lambdaContext());
  expect(runs.map(({ outcome }) => outcome).sort()).toEqual(['error', 'idle']);
  await expect(failing('privilege')({}, lambdaContext())).rejects.toMatchObject({ kind: 'privilege' });
  expect(lines).toHaveLength(4);
});
