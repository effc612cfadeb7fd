/**
 * C7: a copy is killed (SIGKILL) between any two of its steps, while rows of the table change in every gap and replay goes
 * on. The next runs end with equal tables.
 */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { copySteps } from '../../lib/copy/copy-work.ts';
import { copy } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { endOf } from '../support/crash-hooks.ts';
import { openWire } from '../support/crash-proxy.ts';
import { killedAt, whenLet } from '../support/crash-run.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';
import { cascade } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

// One test has many runs. A busy machine takes long over them.
vi.setConfig({ testTimeout: 180_000 });

describe('a copy', () => {
  let shop: CrashShop;
  beforeAll(async () => {
    shop = await crashShop({ mode: 'plain owner' });
  });

  async function changeAndReplay(): Promise<void> {
    await shop.work();
    await shop.tick();
    await whenLet(() => replay(shop.shop.context('new')));
  }

  it.each(copySteps)('ends equal when it is killed twice at %s', async (step) => {
    await resync(shop.shop.context('old'), resyncInput.parse({ tables: ['orders', 'customer'] }));
    if (step === 'index.restored') {
      await whenLet(() => copy(shop.shop.context('new')));
      await changeAndReplay();
    }
    expect(await killedAt(shop, { unit: 'copy', step })).toBe(true);
    await changeAndReplay();
    if (['chunk.copied', 'chunk.committed'].includes(step)) {
      expect(await killedAt(shop, { unit: 'copy', step, nth: 2 })).toBe(true);
      await changeAndReplay();
    }
    await whenLet(() => copy(shop.shop.context('new')));
    await shop.settle();
  });
});

describe('an index that is being built when its run dies', () => {
  it('is completed by the server, and not built again', async () => {
    const shop = await crashShop({ mode: 'replica mode' });
    const wire = await openWire(shop.targets.new);
    const wired = cascade(
      'shop',
      { old: shop.old, new: { url: shop.new.url, target: wire.target } },
      shop.tuning,
    );
    await resync(shop.shop.context('old'), resyncInput.parse({ tables: ['orders'] }));
    await copy(shop.shop.context('new'));
    await shop.work();
    await until('the table is consistent', async () => {
      await shop.tick();
      await replay(shop.shop.context('new'));
      return shop.new.client((client) =>
        client.first(
          `select from pgtide.table_state where table_name = 'public.orders' and phase = 'restoring'`,
        ),
      );
    });
    const indexes = () =>
      shop.new.client((client) => client.query(`select 1 from pg_index where indrelid = 'orders'::regclass`));
    expect(await indexes(), 'the key alone').toHaveLength(1);
    await using writer = await shop.new.open();
    await writer.client.query('begin; lock table orders in row exclusive mode');
    const died = endOf(copy(wired.context('new')));
    // Each look is a new transaction: within one, pg_stat_activity stays as it was first read.
    await until('the index waits for the writer', () =>
      shop.new.superuser((client) =>
        client.first(
          `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      ),
    );
    wire.hangUp();
    expect(await died).toBe('connection');
    await writer.client.query('commit');
    await until('the server has built it', async () => (await indexes()).length === 2);
    shop.shop.counts.clear();
    await copy(shop.shop.context('new'));
    expect(shop.shop.counts.get('restored')).toBe(0);
    await shop.settle();
  });
});
