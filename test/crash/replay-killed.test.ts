/**
 * C5: rows, position and epoch commit in one transaction of the subscriber, and the batch is finished after it. A replay
 * that is killed (SIGKILL) between any two steps and runs again ends with equal tables; so does one that is killed between
 * the slices of a batch far over the cap.
 */
import { describe, expect, it, vi } from 'vitest';
import { replaySteps } from '../../lib/replay/replay-work.ts';
import { replay } from '../../lib/units/replay.ts';
import { killedAt, whenLet } from '../support/crash-run.ts';
import { applyModes, crashShop } from '../support/crash-shop.ts';

// One test has many runs. A busy machine takes long over them.
vi.setConfig({ testTimeout: 180_000 });

describe.each(applyModes)('replay as a %s', (mode) => {
  it('ends equal when it is killed between any two steps, and runs again', async () => {
    const shop = await crashShop({ mode });
    const steps = mode === 'plain owner' ? replaySteps : replaySteps.slice(-4);
    for (const step of steps) {
      await shop.work();
      const tick = await shop.tick();
      const before = await shop.position();
      expect(await killedAt(shop, { unit: 'replay', step }), step).toBe(true);
      const committed = ['commit.before-finish', 'batch.finished'].includes(step);
      expect((await shop.position()).tick, step).toBe(committed ? tick : before.tick);
      await shop.work();
      await whenLet(() => replay(shop.shop.context('new')));
      expect((await shop.position()).tick, step).toBe(tick);
      await shop.tick();
      await replay(shop.shop.context('new'));
      await shop.expectEqual();
    }
  });

  it('applies a batch far over the cap in slices, and goes on after the last one when it is killed', async () => {
    const shop = await crashShop({ mode, tuning: { replay: { maxEvents: 40 } } });
    for (let round = 0; round < 5; round++) await shop.work();
    const before = await shop.position();
    const tick = await shop.tick();
    let slice = 0n;
    for (const [step, nth] of [
      ['position.advanced', 3],
      ['batch.opened', 3],
      ['rows.applied', 2],
      ['events.staged', 2],
    ] as const) {
      expect(await killedAt(shop, { unit: 'replay', step, nth, meanwhile: null }), step).toBe(true);
      const now = await shop.position();
      expect(now.tick, 'the batch is not whole yet').toBe(before.tick);
      expect(now.slice, 'slices are durable').toBeGreaterThan(slice);
      slice = now.slice ?? 0n;
    }
    shop.shop.counts.clear();
    await whenLet(() => replay(shop.shop.context('new')));
    expect(await shop.position()).toMatchObject({ tick, slice: null, error: null });
    expect(shop.shop.counts.get('slices'), 'the rest was more than a slice').toBeGreaterThan(1);
    await shop.tick();
    await replay(shop.shop.context('new'));
    await shop.expectEqual();
  });
});
