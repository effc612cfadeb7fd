/**
 * C5: two replays at once, or one that was overtaken, change nothing twice and lose nothing. The row of the subscriber that
 * holds the position and the epoch decides, whatever the leases say.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { replaySteps } from '../../lib/replay/replay-work.ts';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { endOf, endsIn, inGap } from '../support/crash-hooks.ts';
import { whenLet } from '../support/crash-run.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';

let shop: CrashShop;
beforeAll(async () => {
  shop = await crashShop({ mode: 'replica mode' });
});

const context = (epoch: bigint | null = null) => shop.shop.context('new', { epoch });

async function changes(batches = 1): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    await shop.work();
    await shop.tick();
  }
}

async function finish(): Promise<void> {
  await changes();
  await whenLet(() => replay(context()));
  await shop.expectEqual();
}

const eventsApplied = () =>
  shop.new.client(async (client) => {
    const row = await client.first<{ events: bigint }>('select events from pgtide.replay_state');
    return Number(row?.events ?? 0n);
  });

describe('replays at once', () => {
  it('apply each event once', async () => {
    await changes(3);
    shop.shop.counts.clear();
    const before = await eventsApplied();
    const ends = await Promise.all([1, 2, 3, 4].map(() => endOf(replay(context()))));
    for (const end of ends) expect(['applied', 'already-applied', 'idle', 'busy']).toContain(end);
    await whenLet(() => replay(context()));
    expect((await eventsApplied()) - before).toBe(shop.shop.counts.get('events'));
    await shop.expectEqual();
  });

  it('leave a batch to another that has finished it, where the subscriber and its lock were lost', async () => {
    await changes();
    let other = '';
    const hook = inGap('position.checked', async () => {
      await shop.new.superuser((client) =>
        client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'pgtide shop'`,
        ),
      );
      other = await endOf(replay(context()));
    });
    expect(await endOf(replayWith(hook)(context()))).toBe('fenced');
    expect(other).toBe('applied');
    await finish();
  });

  it.each(replaySteps)('end equal when one comes and goes while another is at %s', async (step) => {
    await changes();
    let other = '';
    const hook = inGap(step, async () => {
      other = await endOf(replay(context()));
    });
    const end = await endOf(replayWith(hook)(context()));
    expect(hook.met).toBe(true);
    const free = ['batch.opened', 'commit.before-finish', 'batch.finished'].includes(step);
    if (free) expect(other, 'no run is in its way').not.toBe('busy');
    else expect(other, 'it gives way at once').toBe('busy');
    expect(['applied', 'already-applied', 'idle']).toContain(end);
    await finish();
  });

  it('lose nothing when another has applied and finished several batches since theirs was opened', async () => {
    await changes();
    const hook = inGap('batch.opened', async () => {
      await replay(context());
      await changes();
      await replay(context());
    });
    const end = await endOf(replayWith(hook)(context()));
    expect(['applied', 'already-applied', 'idle']).toContain(end);
    expect((await shop.position()).error).toBe(null);
    await finish();
  });
});

describe('a lease that is over', () => {
  it('stops its holder once another has written with a newer one', async () => {
    await changes();
    let taken = '';
    const hook = inGap('batch.opened', async () => {
      taken = await endOf(replay(context(6n)));
      await changes();
    });
    expect(await endOf(replayWith(hook)(context(5n)))).toBe('fenced');
    expect(taken).toBe('applied');
    const after = await shop.position();
    expect(after.epoch).toBe(6n);
    expect(after.error, 'no operator has to fix this').toBe(null);
    expect(await endOf(replay(context(5n)))).toBe('fenced');
    expect(await shop.position()).toEqual(after);
    expect(await endOf(replay(context(7n)))).toBe('applied');
    expect((await shop.position()).epoch).toBe(7n);
  });

  it('lets its holder finish its work while no run has taken over', async () => {
    await changes();
    const hook = inGap('rows.applied', async () => {
      expect(await endOf(replay(context(9n)))).toBe('busy');
    });
    expect(await endOf(replayWith(hook)(context(8n)))).toBe('applied');
    await finish();
  });

  it('stops no run that has no lease', async () => {
    await changes();
    expect(await endOf(replay(context(null)))).toBe('applied');
    expect((await shop.position()).epoch).toBe(8n);
    await shop.expectEqual();
  });
});

describe('a paused node', () => {
  const pause = (paused: boolean) =>
    shop.onNew(`select * from pgq_node.set_consumer_paused('shop', 'shop.new', ${paused})`);

  it('stops, also in the middle of a batch, and goes on from there', async () => {
    const sliced = await crashShop({ mode: 'replica mode', tuning: { replay: { maxEvents: 30 } } });
    for (let round = 0; round < 3; round++) await sliced.work();
    await sliced.tick();
    const run = (at: (step: string) => Promise<void>) => replayWith({ at })(sliced.shop.context('new'));
    expect(await endsIn(run, 'batch.opened', 3)).toBe(true);
    await sliced.onNew(`select * from pgq_node.set_consumer_paused('shop', 'shop.new', true)`);
    const before = await sliced.position();
    expect(before.slice).not.toBe(null);
    await sliced.work();
    await sliced.tick();
    expect(await replay(sliced.shop.context('new'))).toEqual({
      kind: 'waiting-for',
      what: 'node new is paused',
    });
    expect(await sliced.position()).toEqual(before);
    await sliced.onNew(`select * from pgq_node.set_consumer_paused('shop', 'shop.new', false)`);
    expect(await endOf(replay(sliced.shop.context('new')))).toBe('applied');
    await sliced.expectEqual();
  });

  it('notices the pause with the next batch, not in the middle of one', async () => {
    await changes();
    const waiting = inGap('commit.before-finish', () => pause(true));
    expect(await endOf(replayWith(waiting)(context()))).toBe('applied');
    await changes();
    expect(await endOf(replay(context()))).toBe('waiting-for');
    await pause(false);
    await finish();
  });
});
