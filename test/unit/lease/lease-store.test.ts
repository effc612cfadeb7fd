/** The lease protocol of lib/lease/lease-store.ts: at most one run has a lease, whatever the clocks show, and epochs only grow. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../../lib/lease/local-dynamodb.ts';
import { handClock } from '../../support/hand-clock.ts';
import { leaseIn, leaseTable } from '../../support/lease-table.ts';

const skewMs = 60_000;
const leaseMs = 55_000;
let dynamo: LocalDynamoDb;
beforeAll(async () => {
  dynamo = await leaseTable();
});

test('one of many concurrent runs gets the lease, and the others see which', async () => {
  const clock = handClock();
  const racers = Array.from({ length: 12 }, (_, index) => `run-${index}`);
  const results = await Promise.all(
    racers.map((owner) => dynamo.store({ clock, skewMs }).acquire('replay/q/race', owner, leaseMs)),
  );
  const winners = results.filter((result) => result.kind === 'acquired');
  expect(winners).toHaveLength(1);
  const winner = winners[0]?.lease.owner;
  for (const result of results)
    if (result.kind === 'held')
      expect(result).toEqual({ kind: 'held', owner: winner, until: new Date(clock.now() + leaseMs) });
});

test('a lease is taken over only once it has expired by more than the margin, with a higher epoch', async () => {
  const clock = handClock();
  const store = dynamo.store({ clock, skewMs });
  const first = leaseIn(await store.acquire('replay/q/expiry', 'dead', leaseMs));
  clock.advance(leaseMs + skewMs);
  expect(await store.acquire('replay/q/expiry', 'next', leaseMs)).toMatchObject({
    kind: 'held',
    owner: 'dead',
  });
  clock.advance(1);
  const second = leaseIn(await store.acquire('replay/q/expiry', 'next', leaseMs));
  expect(second.epoch).toBeGreaterThan(first.epoch);
});

test('two runs whose clocks differ by less than the margin never have one lease at the same time', async () => {
  for (const difference of [-skewMs + 1, skewMs - 1]) {
    const key = `replay/q/skew${difference}`;
    const mine = handClock();
    const theirs = handClock(mine.now() + difference);
    const lease = leaseIn(await dynamo.store({ clock: mine, skewMs }).acquire(key, 'me', leaseMs));
    // Until the last moment at which I rely on my lease, the other run does not get it.
    mine.advance(leaseMs - 1);
    theirs.advance(leaseMs - 1);
    expect(mine.now()).toBeLessThan(lease.until.getTime());
    expect((await dynamo.store({ clock: theirs, skewMs }).acquire(key, 'them', leaseMs)).kind).toBe('held');
  }
});

test('a run whose clock is behind still gets a higher epoch', async () => {
  const ahead = handClock(1_900_000_000_000);
  const behind = handClock(1_800_000_000_000);
  const first = leaseIn(await dynamo.store({ clock: ahead }).acquire('replay/q/behind', 'a', leaseMs));
  await dynamo.store({ clock: ahead }).release(first);
  const second = leaseIn(await dynamo.store({ clock: behind }).acquire('replay/q/behind', 'b', leaseMs));
  expect(second.epoch).toBe(first.epoch + 1n);
});

test('one of several runs whose clocks are behind gets the lease', async () => {
  const ahead = dynamo.store({ clock: handClock(1_900_000_000_000) });
  await ahead.release(leaseIn(await ahead.acquire('replay/q/both', 'a', leaseMs)));
  const clock = handClock(1_800_000_000_000);
  const results = await Promise.all(
    ['b', 'c', 'd'].map((owner) => dynamo.store({ clock }).acquire('replay/q/both', owner, leaseMs)),
  );
  expect(results.filter((result) => result.kind === 'acquired')).toHaveLength(1);
});

test('epochs continue to grow after the table is lost and recreated', async () => {
  const clock = handClock();
  const old = await startLocalDynamoDb();
  const before = leaseIn(await old.store({ clock }).acquire('replay/q/lost', 'a', leaseMs));
  await old.stop();
  clock.advance(1000);
  const after = leaseIn(await dynamo.store({ clock }).acquire('replay/q/lost', 'b', leaseMs));
  expect(after.epoch).toBeGreaterThan(before.epoch);
});

test('a lease that was taken in the future blocks no run, and its pair is not served last', async () => {
  const clock = handClock();
  const fast = handClock(clock.now() + 86_400_000);
  const store = dynamo.store({ clock, skewMs });
  const wrong = leaseIn(
    await dynamo.store({ clock: fast, skewMs }).acquire('replay/q/future', 'fast', leaseMs),
  );
  expect((await store.states(['replay/q/future'])).get('replay/q/future')?.lastServed).toBe(0);
  const right = leaseIn(await store.acquire('replay/q/future', 'right', leaseMs));
  expect(right.epoch).toBeGreaterThan(wrong.epoch);
  expect(right.until.getTime()).toBe(clock.now() + leaseMs);
  expect((await store.states(['replay/q/future'])).get('replay/q/future')?.lastServed).toBe(clock.now());
});

test('only the holder of a lease gets another epoch for it, and releases it with that epoch', async () => {
  const clock = handClock();
  const store = dynamo.store({ clock, skewMs });
  const first = leaseIn(await store.acquire('replay/q/restamp', 'a', leaseMs));
  const restamped = await store.restamp?.(first, 5n);
  expect(restamped).toEqual({ ...first, epoch: 5n });
  expect(await store.restamp?.(first, 5n), 'again, if the answer was lost').toEqual(restamped);
  await store.release(first);
  expect((await store.acquire('replay/q/restamp', 'b', leaseMs)).kind, 'not released').toBe('held');
  await store.release(restamped ?? first);
  const second = leaseIn(await store.acquire('replay/q/restamp', 'b', leaseMs));
  expect(await store.restamp?.(first, 9n)).toBe(null);
  expect(await store.restamp?.(restamped ?? first, 9n)).toBe(null);
  expect(second.epoch).toBeGreaterThan(5n);
});

test('a released lease is free at once, and the next epoch is higher', async () => {
  const clock = handClock();
  const store = dynamo.store({ clock, skewMs });
  const first = leaseIn(await store.acquire('replay/q/release', 'a', leaseMs));
  await store.release(first);
  const second = leaseIn(await store.acquire('replay/q/release', 'b', leaseMs));
  expect(second.epoch).toBeGreaterThan(first.epoch);
});

test("a stale owner's release does nothing", async () => {
  const clock = handClock();
  const store = dynamo.store({ clock, skewMs });
  const stale = leaseIn(await store.acquire('replay/q/stale', 'slow', leaseMs));
  clock.advance(leaseMs + skewMs + 1);
  await store.acquire('replay/q/stale', 'new', leaseMs);
  await store.release(stale);
  expect(await store.acquire('replay/q/stale', 'third', leaseMs)).toMatchObject({
    kind: 'held',
    owner: 'new',
  });
});

test('an acquisition whose answer was lost succeeds when it is tried again', async () => {
  const store = dynamo.store({ clock: handClock(), skewMs });
  const first = leaseIn(await store.acquire('replay/q/lost-answer', 'me', leaseMs));
  expect(await store.acquire('replay/q/lost-answer', 'me', leaseMs)).toEqual({
    kind: 'acquired',
    lease: first,
  });
});

test('a local store with a path keeps its leases across a restart', async () => {
  const path = mkdtempSync(join(tmpdir(), 'pgtide-leases-'));
  const clock = handClock();
  const first = await startLocalDynamoDb({ path });
  await first.store({ clock }).acquire('copy/q/kept', 'a', leaseMs);
  await first.stop();
  const second = await startLocalDynamoDb({ path });
  expect(await second.store({ clock }).acquire('copy/q/kept', 'b', leaseMs)).toMatchObject({ owner: 'a' });
  await second.stop();
  rmSync(path, { recursive: true });
});
