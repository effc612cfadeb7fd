/**
 * C7: a copy is exact whatever happens beside it: replay between any two of its steps, another copy of the same chunk,
 * TRUNCATE, resync, a pause of many batches, removal of the table. lib/copy/merge-state.ts has the rules and their proof.
 */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { copySteps } from '../../lib/copy/copy-work.ts';
import { replaySteps } from '../../lib/replay/replay-work.ts';
import { copy, copyWith } from '../../lib/units/copy.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { replay, replayWith } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { asFarAsItGoes, endOf, endsIn, inGap } from '../support/crash-hooks.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';

// One test has many runs. A busy machine takes long over them.
vi.setConfig({ testTimeout: 180_000 });

const resyncTables = (it: CrashShop, tables: string[]) =>
  resync(it.shop.context('old'), resyncInput.parse({ tables }));

async function changeAndReplay(it: CrashShop): Promise<void> {
  await it.work();
  await it.tick();
  await replay(it.shop.context('new'));
}

/** Runs copy. A run whose chunk was taken from it ends as fenced, and the next run goes on. */
const tryCopy = (
  it: CrashShop,
  hook: { at: (step: string) => Promise<void> } = { at: async () => undefined },
) => endOf(copyWith(hook)(it.shop.context('new')));

const count = (it: CrashShop, sql: string) =>
  it.new.client(async (client) =>
    Number((await client.first<{ n: bigint }>(`select count(*) as n from ${sql}`))?.n),
  );

describe('a copy', () => {
  let shop: CrashShop;
  beforeAll(async () => {
    shop = await crashShop({ mode: 'plain owner', copied: false });
  });

  it('is exact while rows change and replay runs in each gap between its steps', async () => {
    shop.shop.counts.clear();
    await copyWith({ at: () => changeAndReplay(shop) })(shop.shop.context('new'));
    expect(shop.shop.counts.get('chunks'), 'several chunks').toBeGreaterThan(6);
    expect(shop.shop.counts.get('parked'), 'events met announced chunks').toBeGreaterThan(10);
    expect(shop.shop.counts.get('skipped'), 'events met pending chunks').toBeGreaterThan(10);
    await shop.settle();
  });

  it.each(copySteps)(
    'goes on after a run that ended at %s, with many batches replayed in between',
    async (step) => {
      await resyncTables(shop, ['orders', 'stock', 'log']);
      const run = (at: (step: string) => Promise<void>) => copyWith({ at })(shop.shop.context('new'));
      if (step === 'index.restored') {
        await copy(shop.shop.context('new'));
        await changeAndReplay(shop);
      }
      expect(await endsIn(run, step, 1)).toBe(true);
      for (let batch = 0; batch < 3; batch++) await changeAndReplay(shop);
      // The same again, in the middle of the table's chunks.
      await endsIn(run, step, 2);
      await changeAndReplay(shop);
      await shop.settle();
    },
  );
});

describe('beside a copy', () => {
  let shop: CrashShop;
  beforeAll(async () => {
    shop = await crashShop({ mode: 'plain owner' });
  });

  it('another copy of the same table shares its chunks', async () => {
    await resyncTables(shop, ['orders', 'stock']);
    const ends = await Promise.all([tryCopy(shop), tryCopy(shop), changeAndReplay(shop)]);
    for (const end of ends) if (end) expect(['applied', 'fenced', 'busy', 'waiting-for']).toContain(end);
    await shop.settle();
  });

  it.each(['chunk.announced', 'snapshot.taken', 'chunk.copied'])(
    'a run that was believed dead at %s finds its chunk taken over, and changes nothing',
    async (step) => {
      await resyncTables(shop, ['orders']);
      let other: Promise<string> | undefined;
      const hook = inGap(step, async () => {
        await changeAndReplay(shop);
        other = tryCopy(shop);
        await asFarAsItGoes(shop, other);
        await changeAndReplay(shop);
      });
      expect(await tryCopy(shop, hook)).toBe('fenced');
      expect(await other).toBe('applied');
      await shop.settle();
    },
  );

  it.each(['chunk.announced', 'snapshot.taken'])('a TRUNCATE at %s starts the copy over', async (step) => {
    await resyncTables(shop, ['orders', 'stock']);
    const hook = inGap(
      step,
      async () => {
        await shop.onOld('truncate stock; truncate orders');
        await changeAndReplay(shop);
      },
      3,
    );
    expect(await tryCopy(shop, hook)).toBe('fenced');
    expect(hook.met).toBe(true);
    await changeAndReplay(shop);
    await shop.settle();
    await shop.onOld(`
      insert into orders select nextval('shop_ids'), (select min(id) from customer), i, repeat('x', 300) from generate_series(1, 600) i;
      insert into stock select chr(65 + i % 23), i, 10, repeat('y', 300) from generate_series(1, 500) i; analyze orders, stock`);
    await shop.settle();
  });

  it('a TRUNCATE that is not replayed yet invalidates chunks that were copied before and after it', async () => {
    await resyncTables(shop, ['orders']);
    const hook = inGap('snapshot.taken', () => shop.onOld('truncate orders'), 2);
    expect(await tryCopy(shop, hook)).toBe('applied');
    await shop.onOld(`
      insert into orders select nextval('shop_ids'), (select min(id) from customer), i, repeat('x', 300) from generate_series(1, 600) i;
      analyze orders`);
    await shop.settle();
  });

  it('a table that is rewritten between a chunk’s snapshot and its read is not copied as empty', async () => {
    await resyncTables(shop, ['orders']);
    const hook = inGap(
      'snapshot.taken',
      () => shop.onOld(`alter table orders alter note type text using note || ''`),
      2,
    );
    expect(await tryCopy(shop, hook)).toBe('applied');
    expect(hook.met).toBe(true);
    await shop.settle();
  });

  it('a TRUNCATE of a table that waits for its indexes is applied after them', async () => {
    await resyncTables(shop, ['customer']);
    await copy(shop.shop.context('new'));
    await changeAndReplay(shop);
    expect(
      await count(shop, `pgtide.table_state where table_name = 'public.customer' and phase = 'restoring'`),
    ).toBe(1);
    await shop.work();
    await shop.onOld(
      `truncate customer, orders; insert into customer values (1, 'one', 'one@x', 'r'), (2, 'two', 'two@x', 'r')`,
    );
    await changeAndReplay(shop);
    expect(await count(shop, `pgtide.parked_event where table_name = 'public.customer'`)).toBeGreaterThan(2);
    await shop.settle();
    await shop.onOld(`
      insert into customer select i, 'name ' || i, 'mail' || i || '@x', 'r' from generate_series(10, 150) i;
      insert into orders select nextval('shop_ids'), i % 140 + 10, i, repeat('x', 300) from generate_series(1, 600) i; analyze orders`);
    await shop.settle();
  });

  it('a resync while a chunk is being copied invalidates that chunk', async () => {
    await resyncTables(shop, ['orders']);
    const hook = inGap(
      'chunk.copied',
      async () => {
        await resyncTables(shop, ['orders']);
        await changeAndReplay(shop);
      },
      2,
    );
    expect(await tryCopy(shop, hook)).toBe('fenced');
    expect(await count(shop, `pgtide.copy_chunk where table_name = 'public.orders'`)).toBe(0);
    await shop.settle();
  });

  it('announces one chunk at a time, whatever the planner knows of the chunks', async () => {
    await resyncTables(shop, ['orders', 'stock']);
    expect(await endsIn((at) => copyWith({ at })(shop.shop.context('new')), 'chunk.committed')).toBe(true);
    const announced = await shop.new.client(async (client) => {
      await client.query(`begin; create temp table kept on commit drop as table pgtide.copy_chunk;
        delete from pgtide.copy_chunk where chunk_no > 0 or table_name <> 'public.orders'; analyze pgtide.copy_chunk;
        insert into pgtide.copy_chunk select * from kept on conflict do nothing`);
      const chunks = [];
      for (let announce = 0; announce < 4; announce++)
        chunks.push(...(await client.query(`select * from pgtide.announce_chunk('shop', now())`)));
      return chunks.length;
    });
    expect(announced).toBe(4);
    await shop.settle();
  });
});

describe('beside a replay', () => {
  let shop: CrashShop;
  beforeAll(async () => {
    shop = await crashShop({ mode: 'replica mode' });
  });

  it.each(replaySteps)('at %s, a table is planned and copied: each event counts once', async (step) => {
    await resyncTables(shop, ['orders', 'log']);
    await shop.work();
    await shop.tick();
    let other: Promise<string> | undefined;
    const hook = inGap(step, async () => {
      await shop.work();
      other = tryCopy(shop);
      await asFarAsItGoes(shop, other);
    });
    await replayWith(hook)(shop.shop.context('new'));
    expect(hook.met).toBe(true);
    await other;
    await shop.settle();
  });

  it.each(replaySteps)(
    'at %s, a table that is in sync is copied again: each event counts once',
    async (step) => {
      await shop.work();
      await shop.tick();
      let other: Promise<unknown> | undefined;
      const hook = inGap(step, async () => {
        await shop.work();
        other = resyncTables(shop, ['orders', 'log']).then(() => tryCopy(shop));
        await asFarAsItGoes(shop, other);
      });
      await replayWith(hook)(shop.shop.context('new'));
      expect(hook.met).toBe(true);
      await other;
      await shop.settle();
    },
  );
});

describe('a table that is removed in the middle of its copy', () => {
  it('has its indexes and foreign keys back; the others are copied and followed', async () => {
    const shop = await crashShop();
    await resyncTables(shop, ['customer', 'orders']);
    const run = (at: (step: string) => Promise<void>) => copyWith({ at })(shop.shop.context('new'));
    expect(await endsIn(run, 'chunk.committed', 2)).toBe(true);
    await changeAndReplay(shop);
    await removeTable(shop.shop.context('old'), removeTableInput.parse({ tables: ['orders'] }));
    await changeAndReplay(shop);
    for (let round = 0; round < 3; round++) {
      await copy(shop.shop.context('new'));
      await changeAndReplay(shop);
    }
    const left = await shop.new.client((client) =>
      client.query<{ name: string }>(
        `select indexrelid::regclass::text as name from pg_index where indrelid = 'orders'::regclass
         union all select conname::text from pg_constraint where contype = 'f' and conrelid = 'orders'::regclass order by 1`,
      ),
    );
    expect(left.map(({ name }) => name)).toEqual([
      'orders_customer',
      'orders_customer_id_fkey',
      'orders_pkey',
    ]);
    expect(await count(shop, `pgtide.table_state where error is not null`)).toBe(0);
    expect(await count(shop, `pgtide.saved_ddl where kind in ('index', 'constraint', 'foreign key')`)).toBe(
      0,
    );
  });
});
