/** Lease items hold when a pair was last served and how long it rests. A rest hinders no acquisition, and waking ends it. */
import { beforeAll, expect, test } from 'vitest';
import { leaseKey } from '../../../lib/lease/lease-store.ts';
import type { LocalDynamoDb } from '../../../lib/lease/local-dynamodb.ts';
import { handClock } from '../../support/hand-clock.ts';
import { leaseIn, leaseTable } from '../../support/lease-table.ts';

const skewMs = 60_000;
const leaseMs = 55_000;
let dynamo: LocalDynamoDb;
beforeAll(async () => {
  dynamo = await leaseTable();
});

test('states show when each key was last acquired, and omit keys that never were', async () => {
  const clock = handClock();
  const store = dynamo.store({ clock });
  const keys = ['a', 'b', 'c'].map((node) => leaseKey('replay', 'served', node));
  await store.acquire(keys[0] ?? '', 'x', leaseMs);
  clock.advance(5000);
  await store.acquire(keys[1] ?? '', 'x', leaseMs);
  expect(await store.states(keys)).toEqual(
    new Map([
      [keys[0], { lastServed: clock.now() - 5000, restUntil: 0 }],
      [keys[1], { lastServed: clock.now(), restUntil: 0 }],
    ]),
  );
});

/** A lease table, a clock, and the rest of one key. */
function resting(key: string) {
  const clock = handClock();
  const store = dynamo.store({ clock, skewMs });
  const restUntil = async () => (await store.states([key])).get(key)?.restUntil;
  return { clock, store, restUntil, rest: new Date(clock.now() + 270_000) };
}

test('a release may begin a rest; an acquisition is possible meanwhile, and ends it', async () => {
  const key = 'copy/q/rest';
  const { store, restUntil, rest } = resting(key);
  await store.release(leaseIn(await store.acquire(key, 'a', leaseMs)), rest);
  expect(await restUntil()).toBe(rest.getTime());
  const next = leaseIn(await store.acquire(key, 'b', leaseMs));
  expect(await restUntil()).toBe(0);
  await store.release(next);
  expect(await restUntil()).toBe(0);
});

test('waking ends a rest, and creates no item', async () => {
  const key = 'copy/q/wake';
  const { store, restUntil, rest } = resting(key);
  await store.wake([key]);
  expect(await restUntil()).toBeUndefined();
  const first = leaseIn(await store.acquire(key, 'a', leaseMs));
  await store.release(first, rest);
  await store.wake([key, 'copy/q/never']);
  expect(await restUntil()).toBe(0);
  expect(leaseIn(await store.acquire(key, 'b', leaseMs)).epoch).toBeGreaterThan(first.epoch);
});

test('after a wake-up during a run, its release begins no rest; the lease is free', async () => {
  const key = 'copy/q/woken';
  const { store, restUntil, rest } = resting(key);
  const lease = leaseIn(await store.acquire(key, 'a', leaseMs));
  await store.wake([key]);
  await store.release(lease, rest);
  expect(await restUntil()).toBe(0);
  const next = leaseIn(await store.acquire(key, 'b', leaseMs));
  // A wake-up counts for the run during which it comes, and for no later one.
  await store.release(next, rest);
  expect(await restUntil()).toBe(rest.getTime());
});

test("a stale owner's release neither begins a rest nor releases the lease", async () => {
  const key = 'copy/q/stale-rest';
  const { clock, store, restUntil, rest } = resting(key);
  const stale = leaseIn(await store.acquire(key, 'slow', leaseMs));
  clock.advance(leaseMs + skewMs + 1);
  await store.acquire(key, 'new', leaseMs);
  await store.release(stale, rest);
  expect(await restUntil()).toBe(0);
  expect(await store.acquire(key, 'third', leaseMs)).toMatchObject({ kind: 'held', owner: 'new' });
});
