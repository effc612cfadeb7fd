/**
 * C8 for a role that may not use replica mode: the subscriber's triggers and foreign keys are live. They change nothing of
 * the provider's data, even if a batch is applied in slices, and are as they were once a table leaves.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { copy, copyWith } from '../../lib/units/copy.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { endsIn } from '../support/crash-hooks.ts';
import { type CrashShop, crashShop } from '../support/crash-shop.ts';
import { until } from '../support/until.ts';

const remove = (it: CrashShop, tables: string[]) =>
  removeTable(it.shop.context('old'), removeTableInput.parse({ tables, now: true }));

/** The subscriber's triggers that fire, its foreign keys and its indexes, as text. */
const constraints = (it: CrashShop) =>
  it.new.client(async (client) =>
    (
      await client.query<{ line: string }>(
        `select pg_get_constraintdef(oid) as line from pg_constraint where contype = 'f' and conrelid = 'orders'::regclass
         union all select indexrelid::regclass::text from pg_index where indrelid in ('orders'::regclass, 'customer'::regclass)
         union all select tgname || ' ' || tgenabled::text from pg_trigger
           where tgrelid in ('orders'::regclass, 'customer'::regclass) and not tgisinternal and tgfoid::regproc::text not like 'pgtide.%'
         order by 1`,
      )
    ).map(({ line }) => line),
  );

describe('a subscriber whose constraints are live', () => {
  let shop: CrashShop;
  let before: string[];
  beforeAll(async () => {
    shop = await crashShop({
      mode: 'plain owner',
      copied: false,
      tuning: { replay: { maxEvents: 25 } },
      prepare: async (pair) => {
        await pair.new.client((client) =>
          client.query(`
            create function spoil() returns trigger language plpgsql as $$ begin new.note := 'spoiled'; return new; end $$;
            create trigger spoil before insert or update on orders for each row execute procedure spoil();`),
        );
      },
    });
    before = await constraints(shop);
  });

  const foreignKeys = () =>
    shop.new.client((client) =>
      client.query(
        `select convalidated from pg_constraint where contype = 'f' and conrelid = 'orders'::regclass`,
      ),
    );

  it('does not fire its triggers, from the first copied row on', async () => {
    await copy(shop.shop.context('new'));
    await shop.work();
    await shop.settle();
  });

  it('lets rows move to another parent whose unique value moves too', async () => {
    for (let round = 0; round < 6; round++) {
      await shop.work();
      await shop.tick();
      await replay(shop.shop.context('new'));
      await shop.expectEqual();
    }
  });

  it('applies slices that end between a row and its parent, and has its foreign keys back afterwards', async () => {
    shop.shop.counts.clear();
    await shop.onOld(`
      update customer set id = nextval('shop_ids') where id in (select id from customer order by id limit 40);
      delete from customer where id in (select id from customer order by id limit 10)`);
    await shop.tick();
    await replay(shop.shop.context('new'));
    expect(shop.shop.counts.get('slices')).toBeGreaterThan(3);
    await shop.settle();
    expect(await foreignKeys()).toEqual([{ convalidated: true }]);
  });

  it('has a foreign key back that was dropped again while it waited to be validated', async () => {
    const restore = `select pgtide.restore_object('shop', 'public.orders', 'foreign key', 'orders_customer_id_fkey') as result`;
    const takeOff = `select pgtide._save_and_drop_foreign_key('shop', oid) from pg_constraint where conname = 'orders_customer_id_fkey'`;
    await using slice = await shop.new.open();
    await using restorer = await shop.new.open();
    await slice.client.query(takeOff);
    expect(await restorer.client.first(restore)).toEqual({ result: 'begun' });
    await slice.client.query('begin');
    await slice.client.query(takeOff);
    const restoring = restorer.client.first(restore);
    await until('it waits for the table', async () => {
      const waiting = await shop.new.superuser((client) =>
        client.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%restore_object%'`,
        ),
      );
      return waiting.length > 0;
    });
    await slice.client.query('commit');
    expect(await restoring).toEqual({ result: 'begun' });
    await shop.settle();
    expect(await foreignKeys()).toEqual([{ convalidated: true }]);
  });

  it('loses a parent in the middle of its copy, reports the key that cannot be restored, and has it back when it can', async () => {
    await resync(shop.shop.context('old'), resyncInput.parse({ tables: ['customer'] }));
    expect(await endsIn((at) => copyWith({ at })(shop.shop.context('new')), 'chunk.committed')).toBe(true);
    await remove(shop, ['customer']);
    const saved = () =>
      shop.new.client((client) =>
        client.query(
          `select kind, object_name as name, error from pgtide.saved_ddl where kind = 'foreign key'`,
        ),
      );
    expect(await saved()).toEqual([
      {
        kind: 'foreign key',
        name: 'orders_customer_id_fkey',
        error: expect.stringContaining('23503 foreign_key_violation'),
      },
    ]);
    await remove(shop, ['orders']);
    await shop.onNew(`truncate orders; update pgtide.saved_ddl set tried_at = now() - interval '1 hour'`);
    await copy(shop.shop.context('new'));
    await copy(shop.shop.context('new'));
    expect(await saved()).toEqual([]);
    expect((await constraints(shop)).filter((line) => !line.startsWith('FOREIGN KEY'))).toEqual(
      before.filter((line) => !line.startsWith('FOREIGN KEY')),
    );
  });
});

describe('a table that leaves', () => {
  it('has its triggers fire again, and its foreign keys as they were', async () => {
    const shop = await crashShop({
      mode: 'plain owner',
      prepare: (pair) =>
        pair.new.client(async (client) => {
          await client.query(`
            create function pass() returns trigger language plpgsql as $$ begin return new; end $$;
            create trigger pass before insert on orders for each row execute procedure pass();`);
        }),
    });
    const during = await constraints(shop);
    expect(during).toContain('pass D');
    await remove(shop, ['orders']);
    const after = await constraints(shop);
    expect(after).toContain('pass O');
    expect(after).toContain(
      'FOREIGN KEY (customer_id) REFERENCES customer(id) ON UPDATE CASCADE ON DELETE CASCADE',
    );
  });

  it('has a foreign key validated that waited for this when replay took its actions away', async () => {
    const shop = await crashShop({ mode: 'plain owner' });
    const key = `conname = 'orders_customer_id_fkey'`;
    const begun = await shop.new.client(async (client) => {
      await client.query(
        `select pgtide._save_and_drop_foreign_key('shop', oid) from pg_constraint where ${key}`,
      );
      return client.first(
        `select pgtide.restore_object('shop', 'public.orders', 'foreign key', 'orders_customer_id_fkey') as result`,
      );
    });
    expect(begun).toEqual({ result: 'begun' });
    await shop.work();
    await shop.tick();
    await replay(shop.shop.context('new'));
    await shop.settle();
    await remove(shop, ['orders']);
    expect(
      await shop.new.client((client) =>
        client.query(`select convalidated, confdeltype from pg_constraint where ${key}`),
      ),
    ).toEqual([{ convalidated: true, confdeltype: 'c' }]);
  });
});
