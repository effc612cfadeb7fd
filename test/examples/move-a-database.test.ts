/** examples/move-a-database: the blocks of its README move a shop from PostgreSQL 13 to 17 while an application writes. */
import { beforeAll, expect, test } from 'vitest';
import type { Ended } from '../support/command-line.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { blocksOf, example } from '../support/example.ts';

let [old, fresh] = [] as unknown as [TestDatabase, TestDatabase];
let ended: Ended;

beforeAll(async () => {
  old = await createDatabase(await postgres(13));
  fresh = await createDatabase(await postgres(17));
  const { page, run } = example('move-a-database');
  ended = await run(blocksOf(page, 'sh'), { OLD_URL: old.url, NEW_URL: fresh.url });
});

interface Shop {
  orders: number;
  items: number;
  invoices: number;
  lastOrder: number;
  sold: number;
}

const shopOf = (db: TestDatabase) =>
  db.client((client) =>
    client.first<Shop>(`
      select count(*)::int as orders, (select count(*)::int from order_items) as items,
        count(distinct invoice)::int as invoices, max(id)::int as "lastOrder",
        (select sum(100000 - stock)::int from products) as sold
      from orders`),
  );

test('every step succeeds, and both comparisons find no difference', () => {
  const { status, out, err } = ended;
  expect(status, out + err).toBe(0);
  expect(out.match(/^4 tables, 0 differences$/gm)).toHaveLength(2);
});

test('the application wrote while the database moved, and goes on after its last order', async () => {
  const [before, after] = [await shopOf(old), await shopOf(fresh)];
  expect(before?.orders).toBeGreaterThan(5000);
  expect(ended.out).toMatch(new RegExp(`^${(before?.orders ?? 0) - 5000} orders placed$`, 'm'));
  expect(after).toEqual({
    orders: (before?.orders ?? 0) + 20,
    items: (before?.items ?? 0) + 20,
    invoices: (before?.orders ?? 0) + 20,
    lastOrder: after?.lastOrder,
    sold: (before?.sold ?? 0) + 20,
  });
  expect(after?.lastOrder).toBeGreaterThan(before?.lastOrder ?? 0);
});

test('nothing of pgtide is left in either database', async () => {
  for (const db of [old, fresh]) {
    const left = await db.client((client) =>
      client.query(`
        select nspname::text as name from pg_namespace where nspname ~ '^(pgq|pgtide|londiste)'
        union all select tgname::text from pg_trigger where not tgisinternal`),
    );
    expect(left).toEqual([]);
  }
});
