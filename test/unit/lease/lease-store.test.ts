/** The lease protocol of lib/lease/lease-store.ts, over dynalite. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDynamoDbClient, DynamoDbLeaseStore } from '../../../lib/lease/dynamodb-store.ts';
import { type Acquisition, type Lease, leaseKey } from '../../../lib/lease/lease-store.ts';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../../lib/lease/local-dynamodb.ts';

const skewMs = 60_000;
const leaseMs = 55_000;
let dynamo: LocalDynamoDb;

beforeAll(async () => {
  dynamo = await startLocalDynamoDb();
});
afterAll(() => dynamo.stop());

/** A clock that tests move. */
function handClock(start = 1_800_000_000_000) {
  let now = start;
  return { now: () => now, advance: (ms: number) => (now += ms) };
}

function leaseIn(acquisition: Acquisition): Lease {
  if (acquisition.kind !== 'acquired') throw new Error(`held by ${acquisition.owner}`);
  return acquisition.lease;
}

test('of many racers exactly one gets the lease, and the others learn who has it', async () => {
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

test('clocks that differ by less than the margin, either way, never give one lease to two', async () => {
  for (const difference of [-skewMs + 1, skewMs - 1]) {
    const key = `replay/q/skew${difference}`;
    const mine = handClock();
    const theirs = handClock(mine.now() + difference);
    const lease = leaseIn(await dynamo.store({ clock: mine, skewMs }).acquire(key, 'me', leaseMs));
    // To the last moment at which I trust my lease, the other does not get it.
    mine.advance(leaseMs - 1);
    theirs.advance(leaseMs - 1);
    expect(mine.now()).toBeLessThan(lease.until.getTime());
    expect((await dynamo.store({ clock: theirs, skewMs }).acquire(key, 'them', leaseMs)).kind).toBe('held');
  }
});

test('a taker whose clock is behind still gets a higher epoch', async () => {
  const ahead = handClock(1_900_000_000_000);
  const behind = handClock(1_800_000_000_000);
  const first = leaseIn(await dynamo.store({ clock: ahead }).acquire('replay/q/behind', 'a', leaseMs));
  await dynamo.store({ clock: ahead }).release(first);
  const second = leaseIn(await dynamo.store({ clock: behind }).acquire('replay/q/behind', 'b', leaseMs));
  expect(second.epoch).toBe(first.epoch + 1n);
});

test('two takers that are both behind do not both get it', async () => {
  const ahead = dynamo.store({ clock: handClock(1_900_000_000_000) });
  await ahead.release(leaseIn(await ahead.acquire('replay/q/both', 'a', leaseMs)));
  const clock = handClock(1_800_000_000_000);
  const results = await Promise.all(
    ['b', 'c', 'd'].map((owner) => dynamo.store({ clock }).acquire('replay/q/both', owner, leaseMs)),
  );
  expect(results.filter((result) => result.kind === 'acquired')).toHaveLength(1);
});

test('epochs go on growing when the table is lost and recreated', async () => {
  const clock = handClock();
  const old = await startLocalDynamoDb();
  const before = leaseIn(await old.store({ clock }).acquire('replay/q/lost', 'a', leaseMs));
  await old.stop();
  clock.advance(1000);
  const after = leaseIn(await dynamo.store({ clock }).acquire('replay/q/lost', 'b', leaseMs));
  expect(after.epoch).toBeGreaterThan(before.epoch);
});

test('a lease that was taken in the future holds up no run, and its pair is not the last in line', async () => {
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

test('only the holder of a lease gets another epoch for it, and releases it with that', async () => {
  const clock = handClock();
  const store = dynamo.store({ clock, skewMs });
  const first = leaseIn(await store.acquire('replay/q/restamp', 'a', leaseMs));
  const restamped = await store.restamp?.(first, 5n);
  expect(restamped).toEqual({ ...first, epoch: 5n });
  expect(await store.restamp?.(first, 5n), 'again, where the answer was lost').toEqual(restamped);
  await store.release(first);
  expect((await store.acquire('replay/q/restamp', 'b', leaseMs)).kind, 'not released').toBe('held');
  await store.release(restamped ?? first);
  const second = leaseIn(await store.acquire('replay/q/restamp', 'b', leaseMs));
  expect(await store.restamp?.(first, 9n)).toBe(null);
  expect(await store.restamp?.(restamped ?? first, 9n)).toBe(null);
  expect(second.epoch).toBeGreaterThan(5n);
});

test('a released lease is free at once, and its epoch is remembered', async () => {
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

test('a write whose answer was lost, tried again, is seen as acquired', async () => {
  const store = dynamo.store({ clock: handClock(), skewMs });
  const first = leaseIn(await store.acquire('replay/q/lost-answer', 'me', leaseMs));
  expect(await store.acquire('replay/q/lost-answer', 'me', leaseMs)).toEqual({
    kind: 'acquired',
    lease: first,
  });
});

test('states tell when each key was acquired, and leave out those that never were', async () => {
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

test('a release may name a rest; it hinders no acquisition, which ends it', async () => {
  const key = 'copy/q/rest';
  const { store, restUntil, rest } = resting(key);
  await store.release(leaseIn(await store.acquire(key, 'a', leaseMs)), rest);
  expect(await restUntil()).toBe(rest.getTime());
  const next = leaseIn(await store.acquire(key, 'b', leaseMs));
  expect(await restUntil()).toBe(0);
  await store.release(next);
  expect(await restUntil()).toBe(0);
});

test('a rest ends when it is woken, and waking makes no item where there is none', async () => {
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

test('a wake-up during a run keeps it from resting at its end, and the lease is free all the same', async () => {
  const key = 'copy/q/woken';
  const { store, restUntil, rest } = resting(key);
  const lease = leaseIn(await store.acquire(key, 'a', leaseMs));
  await store.wake([key]);
  await store.release(lease, rest);
  expect(await restUntil()).toBe(0);
  const next = leaseIn(await store.acquire(key, 'b', leaseMs));
  // A wake-up counts for the run that it fell into, and for no later one.
  await store.release(next, rest);
  expect(await restUntil()).toBe(rest.getTime());
});

test("a stale owner's release begins no rest and takes no lease away", async () => {
  const key = 'copy/q/stale-rest';
  const { clock, store, restUntil, rest } = resting(key);
  const stale = leaseIn(await store.acquire(key, 'slow', leaseMs));
  clock.advance(leaseMs + skewMs + 1);
  await store.acquire(key, 'new', leaseMs);
  await store.release(stale, rest);
  expect(await restUntil()).toBe(0);
  expect(await store.acquire(key, 'third', leaseMs)).toMatchObject({ kind: 'held', owner: 'new' });
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

/** A DynamoDB that gives the answers of `answer`. */
async function withAnswers(
  answer: (request: number) => { status: number; body: object },
  work: (store: DynamoDbLeaseStore, requests: () => number) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const { status, body } = answer(++requests);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createDynamoDbClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'local',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  try {
    const store = new DynamoDbLeaseStore({ client, table: 'pgtide-lease', skewMs, clock: handClock() });
    await work(store, () => requests);
  } finally {
    client.destroy();
    server.close();
    server.closeAllConnections();
  }
}

const throttled = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'Rate exceeded' },
};

test('throttling is tried again', async () => {
  const acquired = {
    status: 200,
    body: { Attributes: { key: { S: 'k' }, owner: { S: 'me' }, epoch: { N: '7' }, until: { N: '8' } } },
  };
  await withAnswers(
    (request) => (request < 3 ? throttled : acquired),
    async (store, requests) => {
      expect(leaseIn(await store.acquire('k', 'me', leaseMs)).epoch).toBe(7n);
      expect(requests()).toBe(3);
    },
  );
});

test('throttling without end is given up after four attempts', async () => {
  await withAnswers(
    () => throttled,
    async (store, requests) => {
      await expect(store.acquire('k', 'me', leaseMs)).rejects.toMatchObject({ kind: 'busy' });
      expect(requests()).toBe(4);
    },
  );
});

test('a refused condition uses the item that DynamoDB sends along, without another read', async () => {
  const refused = {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { key: { S: 'k' }, owner: { S: 'other' }, epoch: { N: '7' }, until: { N: '1800000055000' } },
    },
  };
  await withAnswers(
    () => refused,
    async (store, requests) => {
      expect(await store.acquire('k', 'me', leaseMs)).toMatchObject({ kind: 'held', owner: 'other' });
      expect(requests()).toBe(1);
    },
  );
});

test('waking asks for nothing but the write: its roles may not read', async () => {
  const refused = {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
    },
  };
  await withAnswers(
    () => refused,
    async (store, requests) => {
      await store.wake(['copy/q/new']);
      expect(requests()).toBe(1);
    },
  );
});

test('DynamoDB that is gone, a table that is missing and a right that is missing each end with a clear error', async () => {
  const gone = new DynamoDbLeaseStore({
    client: createDynamoDbClient({
      endpoint: 'http://127.0.0.1:9',
      region: 'local',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    }),
    table: 'pgtide-lease',
    skewMs,
    clock: handClock(),
  });
  await expect(gone.acquire('k', 'me', leaseMs)).rejects.toMatchObject({
    kind: 'connection',
    message: expect.stringContaining('the lease table pgtide-lease cannot be reached: connect ECONNREFUSED'),
  });
  const missing = new DynamoDbLeaseStore({
    client: dynamo.client,
    table: 'other',
    skewMs,
    clock: handClock(),
  });
  await expect(missing.acquire('k', 'me', leaseMs)).rejects.toMatchObject({ kind: 'not-found' });
  const denied = {
    status: 400,
    body: { __type: 'com.amazonaws.dynamodb.v20120810#AccessDeniedException', message: 'not authorized' },
  };
  await withAnswers(
    () => denied,
    async (store) => {
      await expect(store.acquire('k', 'me', leaseMs)).rejects.toMatchObject({ kind: 'privilege' });
    },
  );
});
