/**
 * The lease protocol in every order of events up to a length: two runs, whose clocks differ by as much as the margin
 * allows, take leases, release them and die, while time passes. The transitions are the store's own, each on a separate
 * item. Two runs never hold a lease at the same time, epochs only grow, a stale release changes nothing, and a lease that
 * has been over for the margin can be taken.
 */
import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lease, LeaseStore } from '../../../lib/lease/lease-store.ts';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../../lib/lease/local-dynamodb.ts';

const DEPTH = Number(process.env.PGTIDE_RUNS ?? 1) > 1 ? 10 : 8;
const skewMs = 60_000;
const leaseMs = 55_000;
const START = 1_800_000_000_000;
/** How far each run's clock is ahead. */
const clockError = [0, skewMs - 1];

type Item = Record<string, AttributeValue>;

interface World {
  item: Item | null;
  now: number;
  leases: (Lease | null)[];
  runs: number;
  highest: bigint;
  path: string;
}

let dynamo: LocalDynamoDb;
beforeAll(async () => {
  dynamo = await startLocalDynamoDb();
});
afterAll(() => dynamo.stop());

let keys = 0;

/** Makes one call to the store, on an item in the state of this world. Returns the item's new state. */
async function withItem(world: World, work: (key: string) => Promise<void>): Promise<Item | null> {
  const key = `model/${++keys}`;
  const { client, table } = dynamo;
  if (world.item)
    await client.send(new PutItemCommand({ TableName: table, Item: { ...world.item, key: { S: key } } }));
  await work(key);
  const answer = await client.send(new GetItemCommand({ TableName: table, Key: { key: { S: key } } }));
  return answer.Item ?? null;
}

const withoutKey = (item: Item | null) => JSON.stringify({ ...item, key: null });

type Move = (world: World) => Promise<World | null>;

const clockOf = (world: World, nr: number) => world.now + (clockError[nr] ?? 0);
const storeOf = (world: World, nr: number): LeaseStore =>
  dynamo.store({ clock: { now: () => clockOf(world, nr) }, skewMs });
const withLease = (world: World, nr: number, lease: Lease | null) => world.leases.with(nr, lease);

function acquires(nr: number): Move {
  return async (world) => {
    if (world.leases[nr]) return null;
    const after = { ...world, runs: world.runs + 1, path: `${world.path} ${nr} takes,` };
    after.item = await withItem(world, async (key) => {
      const taken = await storeOf(world, nr).acquire(key, `run ${after.runs}`, leaseMs);
      if (taken.kind === 'held') {
        const waited = clockOf(world, nr) - taken.until.getTime();
        expect(waited, `a lease that is over is to be had:${after.path}`).toBeLessThanOrEqual(skewMs);
        return;
      }
      expect(taken.lease.epoch > world.highest, `epochs grow:${after.path}`).toBe(true);
      const other = world.leases[1 - nr];
      const trusted = other && clockOf(world, 1 - nr) < other.until.getTime();
      expect(trusted ?? false, `one at a time:${after.path}`).toBe(false);
      Object.assign(after, { leases: withLease(world, nr, taken.lease), highest: taken.lease.epoch });
    });
    return after;
  };
}

function releases(nr: number): Move {
  return async (world) => {
    const lease = world.leases[nr];
    if (!lease) return null;
    const path = `${world.path} ${nr} releases,`;
    const item = await withItem(world, (key) => storeOf(world, nr).release({ ...lease, key }));
    if (world.item?.owner?.S !== lease.owner) expect(withoutKey(item), path).toBe(withoutKey(world.item));
    else expect(item?.owner, path).toBeUndefined();
    return { ...world, item, leases: withLease(world, nr, null), path };
  };
}

const dies = (nr: number): Move => {
  return async (world) =>
    world.leases[nr]
      ? { ...world, leases: withLease(world, nr, null), path: `${world.path} ${nr} dies,` }
      : null;
};

const passes = (ms: number): Move => {
  return async (world) => ({ ...world, now: world.now + ms, path: `${world.path} ${ms} ms pass,` });
};

const moves: Move[] = [
  ...[0, 1].flatMap((nr) => [acquires(nr), releases(nr), dies(nr)]),
  ...[1, leaseMs - 1, skewMs].map(passes),
];

/** Equal for two worlds if no later event can distinguish them: times count from now, and runs have no names. */
function stateOf({ item, now, leases, highest }: World): string {
  const since = (time: string | undefined) => (time === undefined ? null : Number(time) - now);
  const holder = leases.findIndex((lease) => lease !== null && lease.owner === item?.owner?.S);
  const held = leases.map((lease) => lease && [lease.until.getTime() - now, Number(lease.epoch) - now]);
  const stored = item && [item.owner ? holder : 'free', since(item.until?.N), since(item.epoch?.N)];
  return JSON.stringify([stored, held, Number(highest) - now]);
}

it(`holds in every order of up to ${DEPTH} events`, { timeout: 300_000 }, async () => {
  let worlds: World[] = [{ item: null, now: START, leases: [null, null], runs: 0, highest: 0n, path: '' }];
  const seen = new Set<string>();
  for (let depth = 0; depth < DEPTH; depth++) {
    const next: World[] = [];
    for (const world of worlds) {
      const reached = await Promise.all(moves.map((move) => move(world)));
      for (const after of reached) {
        if (!after || seen.has(stateOf(after))) continue;
        seen.add(stateOf(after));
        next.push(after);
      }
    }
    worlds = next;
  }
  expect(seen.size, 'that the moves lead somewhere').toBeGreaterThan(300);
});
