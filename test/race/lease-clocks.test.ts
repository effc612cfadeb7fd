/**
 * Lease epochs are bounded by the subscriber's clock (lib/lease/lease-store.ts). No replay is stopped by a clock that is a
 * day fast, by an epoch from tomorrow wherever it is stored, by a clock that is a day slow, or by a recreated lease table.
 * Only the machine whose own clock is fast is refused, before it has stored anything. If runs are refused again and again,
 * that is an error.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';
import type { LocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import type { RunReport } from '../../lib/runtime/run-report.ts';
import { runUnit } from '../../lib/runtime/run-unit.ts';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { inGap } from '../support/crash-hooks.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';
import { leaseTable } from '../support/lease-table.ts';

const DAY = 86_400_000;
const shifted = (by: number): Clock => ({ now: () => systemClock.now() + by });
const fast = shifted(DAY);
const slow = shifted(-DAY);

let shop: CrashShop;
let dynamo: LocalDynamoDb;
let runs = 0;
beforeAll(async () => {
  shop = await crashShop({ mode: 'replica mode' });
});
beforeEach(async () => {
  dynamo = await leaseTable();
  await shop.onNew('update pgtide.replay_state set epoch = 0');
  await shop.work();
  await shop.tick();
});

function run(
  clock: Clock = systemClock,
  { store = dynamo.store({ clock }), unit = replay }: { store?: LeaseStore; unit?: typeof replay } = {},
): Promise<RunReport> {
  return runUnit({
    unitName: 'replay',
    unit,
    config: shop.shop.config,
    queue: 'shop',
    node: 'new',
    leaseStore: store,
    owner: `run ${++runs}`,
    secrets: { read: () => Promise.reject(new Error('no secrets here')), forget: () => undefined },
    budgetMs: 20_000,
    clock,
    log: () => undefined,
  });
}

/** The stored epoch, in milliseconds from now; null if none is stored. */
async function storedAhead(): Promise<number | null> {
  const { epoch } = await shop.position();
  return epoch <= 0n ? null : Number(epoch) - systemClock.now();
}

const applies = async (report: Promise<RunReport>) => {
  const { outcome, error } = await report;
  expect(error).toBeUndefined();
  expect(outcome?.kind).toBe('applied');
  await shop.expectEqual();
};

describe('a machine whose clock is a day fast', () => {
  it('is refused before it leaves anything, and others go on at once, with its lease table and with theirs', async () => {
    const before = await shop.position();
    const { error } = await run(fast);
    expect(error?.kind).toBe('state');
    expect(error?.message).toMatch(/the clock of this machine is 86\d\d\d s ahead of that of new/);
    expect(error?.remedy).toContain('clock');
    expect(await shop.position(), 'nothing is left').toEqual(before);
    await applies(run());
    expect(await storedAhead()).toBeLessThan(60_000);
    await shop.work();
    await shop.tick();
    const other = await leaseTable();
    await applies(run(systemClock, { store: other.store() }));
  });

  it('that dies with a lease that ends tomorrow blocks no run', async () => {
    await dynamo.store({ clock: fast }).acquire('replay/shop/new', 'dead', 55_000);
    await applies(run());
    expect(await storedAhead()).toBeLessThan(60_000);
  });
});

describe('an epoch from tomorrow', () => {
  it('in the subscriber is replaced by the next run silently', async () => {
    await shop.onNew(
      `update pgtide.replay_state set epoch = extract(epoch from now() + interval '1 day')::bigint * 1000`,
    );
    await applies(run());
    expect(await storedAhead()).toBeLessThan(60_000);
  });

  it('in the lease table is corrected by the next run', async () => {
    const ahead = dynamo.store({ clock: fast });
    const taken = await ahead.acquire('replay/shop/new', 'of an older version', 55_000);
    if (taken.kind === 'acquired') await ahead.release(taken.lease);
    await applies(run());
    expect(await storedAhead()).toBeLessThan(60_000);
    const next = await dynamo.store().acquire('replay/shop/new', 'next', 55_000);
    expect(next.kind === 'acquired' && Number(next.lease.epoch) - systemClock.now()).toBeLessThan(60_000);
  });
});

describe('a machine whose clock is a day slow', () => {
  it('replays after others, and others after it', async () => {
    await applies(run());
    for (const clock of [slow, systemClock, slow]) {
      await shop.work();
      await shop.tick();
      await applies(run(clock, { store: (await leaseTable()).store({ clock }) }));
    }
  });

  it('is fenced as any other once its lease was taken over', async () => {
    const hook = inGap('batch.opened', async () => {
      // By the clocks of the others its lease ended long ago.
      await applies(run());
      await shop.work();
      await shop.tick();
    });
    const { error } = await run(slow, { unit: replayWith(hook) });
    expect(error?.kind).toBe('fenced');
    await applies(run());
  });
});

it('an overtaken run gets no new epoch', async () => {
  const store = dynamo.store({ clock: shifted(-120_000) });
  const first = await store.acquire('replay/shop/new', 'slow', 1);
  await applies(run());
  if (first.kind !== 'acquired') throw new Error('the lease was free');
  expect(await store.restamp?.(first.lease, 1n << 50n)).toBe(null);
});

it('runs that are refused three times in a row are an error of an operator, which status shows', async () => {
  await shop.onNew(
    'update pgtide.replay_state set epoch = extract(epoch from now())::bigint * 1000 + 30000, refusals = 0',
  );
  // As if another program had the lease, whatever the table says.
  const store = dynamo.store({ clock: slow });
  const stubborn: LeaseStore = {
    acquire: (...values) => store.acquire(...values),
    release: (...values) => store.release(...values),
    states: (keys) => store.states(keys),
    wake: (keys) => store.wake(keys),
    restamp: () => Promise.resolve(null),
  };
  const kinds: (string | undefined)[] = [];
  for (let count = 0; count < 3; count++) kinds.push((await run(slow, { store: stubborn })).error?.kind);
  expect(kinds).toEqual(['fenced', 'fenced', 'state']);
  const { result } = await status(shop.shop.context('old'), {});
  expect(result.healthy).toBe(false);
  expect(JSON.stringify(result)).toContain('3 runs in a row');
  await applies(run());
  const after = await status(shop.shop.context('old'), {});
  expect(after.result.queues[0]?.nodes.flatMap(({ problems }) => problems)).toEqual([]);
});
