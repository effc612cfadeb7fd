/**
 * C5: a connection may break at any request, before the request arrives or after it is carried out (COMMIT too); it may go
 * dead, or its backend may be terminated. Each of these costs a run and nothing else: the next run reads the position from
 * the subscriber.
 */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { copy, copyWith } from '../../lib/units/copy.ts';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { endOf, inGap } from '../support/crash-hooks.ts';
import { type Fault, isCommit, openWire, sends, type Wire } from '../support/crash-proxy.ts';
import { whenLet } from '../support/crash-run.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';
import { cascade, type TestCascade } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

// One test has many runs. A busy machine takes long over them.
vi.setConfig({ testTimeout: 180_000 });

const sides = ['old', 'new'] as const;
type Side = (typeof sides)[number];

let shop: CrashShop;
let wires: Record<Side, Wire>;
/** The same queue, with its databases behind the wires. */
let wired: TestCascade;

beforeAll(async () => {
  shop = await crashShop({ mode: 'replica mode' });
  wires = { old: await openWire(shop.targets.old), new: await openWire(shop.targets.new) };
  wired = cascade(
    'shop',
    {
      old: { url: shop.old.url, target: wires.old.target },
      new: { url: shop.new.url, target: wires.new.target },
    },
    shop.tuning,
  );
});

async function change(): Promise<void> {
  await shop.work();
  await shop.tick();
}

const replayNow = () => whenLet(() => replay(shop.shop.context('new')));

async function finish(): Promise<void> {
  await change();
  await replayNow();
  await shop.expectEqual();
}

const nthRequest =
  (nth: number): Fault['at'] =>
  (_request, nr) =>
    nr === nth;

/** The COMMIT of the transaction that sends this text. */
function commitAfter(part: string): (request: Parameters<typeof isCommit>[0]) => boolean {
  let sent = false;
  return (request) => {
    sent ||= request.text.includes(part);
    return sent && isCommit(request);
  };
}

describe('the connection of a replay', () => {
  it.each(sides)('can break at any request to %s', async (side) => {
    let broken = 0;
    for (const how of ['before', 'after'] as const) {
      for (let nth = 1; ; nth++) {
        await change();
        wires[side].arm({ at: nthRequest(nth), how });
        const end = await endOf(replay(wired.context('new')));
        if (!wires[side].struck) break;
        broken++;
        expect(end, `${how} request ${nth}`).toBe('connection');
        await replayNow();
        await shop.expectEqual();
      }
    }
    expect(broken, 'it was broken at many places').toBeGreaterThan(12);
    wires[side].arm({ at: () => false, how: 'before' });
    await finish();
  });

  it('can lose the COMMIT: nothing has happened', async () => {
    await change();
    const before = await shop.position();
    wires.new.arm({ at: commitAfter('pgtide.advance'), how: 'before' });
    expect(await endOf(replay(wired.context('new')))).toBe('connection');
    expect(await shop.position()).toEqual(before);
    await replayNow();
    await shop.expectEqual();
  });

  it('can lose the answer to COMMIT: the next run only finishes the batch on the provider', async () => {
    await shop.work();
    const tick = await shop.tick();
    wires.new.arm({ at: commitAfter('pgtide.advance'), how: 'after' });
    expect(await endOf(replay(wired.context('new')))).toBe('connection');
    expect(await shop.position(), 'all is in').toMatchObject({ tick, error: null });
    await shop.expectEqual();
    expect(await endOf(replay(shop.shop.context('new')))).toBe('already-applied');
    await finish();
  });

  it('can lose the answer to finish_batch: the next run has nothing to do', async () => {
    await change();
    wires.old.arm({ at: commitAfter('pgq.finish_batch'), how: 'after' });
    expect(await endOf(replay(wired.context('new')))).toBe('connection');
    expect(await endOf(replay(shop.shop.context('new')))).toBe('idle');
    await finish();
  });

  it('can end with its backend', async () => {
    for (const side of sides) {
      await change();
      const hook = inGap('events.staged', async () => {
        await shop[side].superuser((client) =>
          client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'pgtide shop'`,
          ),
        );
      });
      expect(await endOf(replayWith(hook)(shop.shop.context('new'))), side).toBe('connection');
      await replayNow();
      await shop.expectEqual();
    }
  });

  it('can become silent: its locks end with the budget of its run', async () => {
    await change();
    const budget = new Budget(systemClock, 4_000);
    wires.new.arm({ at: sends('pgtide.begin_replay'), how: 'dead' });
    const stuck = endOf(replay(wired.context('new', { budget })));
    await until('the connection is dead', () => wires.new.struck);
    await until(
      'it has the lock',
      async () => (await endOf(replay(shop.shop.context('new')))) === 'busy',
      2_000,
    ).catch(() => undefined);
    await replayNow();
    await shop.expectEqual();
    wires.new.hangUp();
    expect(await stuck).toBe('connection');
    await finish();
  });
});

describe('the connection of a copy', () => {
  it.each(sides)('can break at any request to %s', async (side) => {
    let broken = 0;
    for (const how of ['before', 'after'] as const) {
      await resync(shop.shop.context('old'), resyncInput.parse({ tables: ['stock', 'customer'] }));
      for (let nth = 1; ; nth++) {
        await shop.work();
        wires[side].arm({ at: nthRequest(nth), how });
        await endOf(copy(wired.context('new')));
        if (!wires[side].struck) break;
        broken++;
        await shop.tick();
        await replayNow();
      }
      wires[side].arm({ at: () => false, how });
      await shop.settle();
    }
    expect(broken, 'it was broken at many places').toBeGreaterThan(10);
  });

  it('can lose the answer to a chunk’s COMMIT: the chunk is stored, and is not copied again', async () => {
    await resync(shop.shop.context('old'), resyncInput.parse({ tables: ['stock'] }));
    const hook = inGap('chunk.stored', async () => wires.new.arm({ at: isCommit, how: 'after' }), 2);
    expect(await endOf(copyWith(hook)(wired.context('new')))).toBe('connection');
    const chunks = await shop.new.client((client) =>
      client.query(
        `select state, attempt from pgtide.copy_chunk where table_name = 'public.stock' order by chunk_no`,
      ),
    );
    expect(chunks.slice(0, 2)).toEqual([
      { state: 'copied', attempt: 1 },
      { state: 'copied', attempt: 1 },
    ]);
    await shop.settle();
  });

  it('can break in the middle of a chunk’s rows: the chunk is pending again, or taken over', async () => {
    for (const side of sides) {
      await resync(shop.shop.context('old'), resyncInput.parse({ tables: ['stock'] }));
      wires[side].arm({ at: sends('copy '), how: side === 'old' ? 'after' : 'before' });
      expect(await endOf(copy(wired.context('new'))), side).toBe('connection');
      await change();
      await replayNow();
      await shop.settle();
    }
  });
});
