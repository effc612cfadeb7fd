/** A run of a unit takes its lease before it connects, repeats the unit within its budget, and releases the lease at its end. */
import { expect, test } from 'vitest';
import { PgtideError } from '../../../lib/errors.ts';
import { type LeaseStore, leaseKey } from '../../../lib/lease/lease-store.ts';
import { NEVER_RUN, unitOf, untouched, world } from '../../support/unit-runs.ts';

test('a run takes its lease, passes its epoch to the unit, and releases the lease', async () => {
  const { run, leaseStore } = await world();
  const key = leaseKey('replay', 'shop', 'new');
  const seen: unknown[] = [];
  const report = await run(
    async (context) => {
      seen.push(context.epoch, (await leaseStore.acquire(key, 'other', 1000)).kind);
      return { kind: 'idle' };
    },
    { owner: 'me' },
  );
  expect(report.outcome).toEqual({ kind: 'idle' });
  expect(seen).toEqual([expect.any(BigInt), 'held']);
  expect((await leaseStore.acquire(key, 'other', 1000)).kind).toBe('acquired');
});

test('if another run has the lease, the unit does not run and nothing is connected', async () => {
  const { run, leaseStore, lines } = await world();
  const key = leaseKey('copy', 'shop', 'far');
  const until = new Date(1_800_000_055_000);
  await leaseStore.acquire(key, 'other', 55_000);
  const report = await run(NEVER_RUN, { unitName: 'copy', node: 'far' });
  expect(report.outcome).toEqual({ kind: 'lease-held', owner: 'other', until });
  expect(lines).toMatchObject([{ unit: 'copy', outcome: 'lease-held', owner: 'other', repeats: 0 }]);
});

test('a unit without a lease does not use the lease table, and a run by hand has no epoch', async () => {
  const { run } = await world();
  const { unit, contexts } = unitOf('idle', 'idle');
  expect((await run(unit, { unitName: 'tick', node: 'old', leaseStore: untouched })).error).toBeUndefined();
  expect((await run(unit, { leaseStore: null })).error).toBeUndefined();
  expect(contexts.map(({ epoch }) => epoch)).toEqual([null, null]);
});

test('if the lease table cannot be reached, the run fails before the unit with that error', async () => {
  const { run } = await world();
  const gone = new PgtideError('connection', 'the lease table pgtide-lease cannot be reached');
  const leaseStore: LeaseStore = { ...untouched, acquire: () => Promise.reject(gone) };
  expect((await run(NEVER_RUN, { leaseStore })).error).toBe(gone);
});

test('the lease is released when the unit fails; if release fails, the run still counts', async () => {
  const { run, leaseStore } = await world();
  await run(() => Promise.reject(new Error('boom')));
  const key = leaseKey('replay', 'shop', 'new');
  const again = await leaseStore.acquire(key, 'other', 1000);
  expect(again.kind).toBe('acquired');
  if (again.kind === 'acquired') await leaseStore.release(again.lease);
  const noRelease: LeaseStore = {
    ...untouched,
    acquire: (...values) => leaseStore.acquire(...values),
    release: () => Promise.reject(new Error('gone')),
  };
  const report = await run(unitOf('idle').unit, { leaseStore: noRelease, node: 'far' });
  expect(report).toMatchObject({ outcome: { kind: 'idle' }, releaseError: 'gone' });
});

test('a unit that repeats is called until it is idle, and the outcome of the run is then applied', async () => {
  const { run } = await world();
  const { unit, contexts } = unitOf('applied', 'already-applied', 'idle');
  const report = await run(unit, { unitName: 'copy' });
  expect(report).toMatchObject({ outcome: { kind: 'applied' }, repeats: 3 });
  expect(contexts).toHaveLength(3);
  // Replay goes on by itself as long as there is something: another call would only connect again.
  expect(await run(unitOf('applied', 'idle').unit)).toMatchObject({
    outcome: { kind: 'applied' },
    repeats: 1,
  });
});

test('a run stops calling its unit when the budget is spent, and its outcome is then out-of-budget', async () => {
  const { run, clock } = await world();
  const report = await run(
    async () => {
      clock.advance(20_000);
      return { kind: 'applied' };
    },
    { unitName: 'copy', budgetMs: 55_000 },
  );
  expect(report).toMatchObject({ outcome: { kind: 'out-of-budget' }, repeats: 3 });
});

test('a queue or node that is not configured is rejected before anything is opened', async () => {
  const { run } = await world();
  expect((await run(NEVER_RUN, { queue: 'shopp' })).error).toMatchObject({ kind: 'input' });
  expect((await run(NEVER_RUN, { node: 'nowhere' })).error).toMatchObject({ kind: 'input' });
});
