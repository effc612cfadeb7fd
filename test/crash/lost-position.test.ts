/**
 * C5: a position that is neither the start nor the end of the batch is lost. The node then stops with an error that names
 * the remedy, and changes nothing. A resync of all tables repairs it.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { endsIn } from '../support/crash-hooks.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';

describe('a node whose position is lost', () => {
  let shop: CrashShop;
  beforeAll(async () => {
    shop = await crashShop({ mode: 'replica mode' });
  });
  beforeEach(async () => {
    await changes(2);
    await shop.settle();
  });

  async function changes(batches: number): Promise<void> {
    for (let batch = 0; batch < batches; batch++) {
      await shop.work();
      await shop.tick();
      if (batch < batches - 1) await replay(shop.shop.context('new'));
    }
  }

  async function expectLost(): Promise<void> {
    const before = await shop.position();
    for (let run = 0; run < 2; run++)
      await expect(replay(shop.shop.context('new'))).rejects.toMatchObject({
        kind: 'lost-position',
        message: expect.stringContaining(`dst has ${before.tick}`),
        remedy: expect.stringContaining('pgtide resync shop --all'),
      });
    const after = await shop.position();
    expect(after).toMatchObject({ tick: before.tick, slice: before.slice });
    expect(after.error, 'it stands in the node’s state too').toContain('Lost position');
  }

  async function expectMended(): Promise<void> {
    await resync(shop.shop.context('old'), resyncInput.parse({ all: true }));
    await shop.work();
    await shop.settle();
    expect((await shop.position()).error).toBe(null);
  }

  const moveTo = (tick: string) =>
    shop.onNew(`update pgq_node.local_state set last_tick_id = ${tick} where consumer_name = 'shop.new'`);

  it('was moved back by hand', async () => {
    await moveTo('last_tick_id - 1');
    await changes(1);
    await expectLost();
    await expectMended();
  });

  it('was moved forward by hand', async () => {
    await moveTo('last_tick_id + 100');
    await changes(1);
    await expectLost();
    await expectMended();
  });

  it('is in the middle of a batch that the provider does not know', async () => {
    await shop.onNew(`update pgtide.replay_state set slice_tick = 1, slice_ev_id = 1`);
    await changes(1);
    await expectLost();
    await expectMended();
  });

  it('has a provider that was moved forward by hand', async () => {
    await changes(1);
    await shop.onOld(`
      select pgq.finish_batch(batch_id) from pgtide.next_batch('shop', 'shop.new', 1000)`);
    await changes(1);
    await expectLost();
    await expectMended();
  });

  it('has a provider that has forgotten its consumer', async () => {
    await shop.onOld(`select pgq_node.unregister_subscriber('shop', 'new')`);
    await expect(replay(shop.shop.context('new'))).rejects.toMatchObject({
      kind: 'not-found',
      remedy: expect.stringContaining('pgtide init'),
    });
    await expectMended();
  });
});

describe('a subscriber that was restored from an older backup', () => {
  it('is noticed, stops, and is copied again', async () => {
    const shop = await crashShop({ mode: 'replica mode' });
    await shop.work();
    await shop.settle();
    const backup = await shop.backUp('new');
    const then = await shop.position();
    for (let batch = 0; batch < 3; batch++) {
      await shop.work();
      await shop.settle();
    }
    await backup.restore();
    expect((await shop.position()).tick).toBe(then.tick);
    await shop.work();
    await shop.tick();
    await expect(replay(shop.shop.context('new'))).rejects.toMatchObject({ kind: 'lost-position' });
    expect((await shop.position()).tick).toBe(then.tick);
    await resync(shop.shop.context('old'), resyncInput.parse({ all: true }));
    await shop.settle();
  });
});

/** Tick ids continue from the backup: they repeat the ids of ticks that were applied, but these ticks end other batches. */
describe('a provider that was restored from an older backup', () => {
  async function expectNoticed(shop: CrashShop): Promise<void> {
    const before = await shop.position();
    for (let run = 0; run < 2; run++)
      await expect(replay(shop.shop.context('new'))).rejects.toMatchObject({
        kind: 'lost-position',
        remedy: expect.stringContaining('pgtide resync shop --all'),
      });
    expect(await shop.position()).toMatchObject({ tick: before.tick, slice: before.slice });
    await resync(shop.shop.context('old'), resyncInput.parse({ all: true }));
    await shop.work();
    await shop.settle();
    await shop.work();
    await shop.settle();
  }

  it('is noticed where its next batch ends at the id of the last tick that was applied', async () => {
    const shop = await crashShop({ mode: 'replica mode' });
    const { restore } = await shop.backUp('old');
    await shop.work();
    const then = await shop.tick();
    await replay(shop.shop.context('new'));
    await restore();
    await shop.work();
    expect(await shop.tick(), 'an id that was given before').toBe(then);
    await expectNoticed(shop);
  });

  it('is noticed in the middle of a batch that is applied in slices', async () => {
    const shop = await crashShop({ mode: 'replica mode', tuning: { replay: { maxEvents: 10 } } });
    const { restore } = await shop.backUp('old');
    await shop.work();
    const then = await shop.tick();
    await endsIn((at) => replayWith({ at })(shop.shop.context('new')), 'batch.opened', 3);
    expect((await shop.position()).slice).not.toBe(null);
    await restore();
    await shop.work();
    expect(await shop.tick(), 'an id that was given before').toBe(then);
    await expectNoticed(shop);
  });

  it('does no harm if nothing was applied since', async () => {
    const shop = await crashShop({ mode: 'replica mode' });
    await shop.work();
    await shop.settle();
    const { restore } = await shop.backUp('old');
    await restore();
    await shop.work();
    await shop.settle();
  });
});
