/** The memory of compare does not grow with a table whose key is text: such a table is one range, however large it is. */
import { beforeAll, expect, test, vi } from 'vitest';
import { Client } from '../../lib/db/client.ts';
import { type ComparePair, comparePair } from '../support/compare-pair.ts';

let shop: ComparePair;

beforeAll(async () => {
  shop = await comparePair({ provider: 17, subscriber: 13 });
});

/** The most bytes and characters in one answer of a server while `work` runs. */
async function largestAnswer<T>(work: () => Promise<T>): Promise<{ result: T; bytes: number }> {
  let bytes = 0;
  const original = Client.prototype.query;
  const spy = vi.spyOn(Client.prototype, 'query').mockImplementation(async function (
    this: Client,
    text: string,
    values?: unknown[],
  ) {
    const rows = await original.call(this, text, values);
    const size = rows.reduce<number>((sum, row) => sum + sizeOf(Object.values(row as object)), 0);
    bytes = Math.max(bytes, size);
    return rows as never[];
  });
  try {
    return { result: await work(), bytes };
  } finally {
    spy.mockRestore();
  }
}

function sizeOf(values: unknown[]): number {
  return values.reduce<number>((sum, value) => {
    if (Buffer.isBuffer(value) || typeof value === 'string') return sum + value.length;
    return sum + (Array.isArray(value) ? sizeOf(value) : 8);
  }, 0);
}

test('buckets of a table with many rows are read a few at a time', { timeout: 120_000 }, async () => {
  await shop.both('create table lettered (id text primary key, n int4) with (autovacuum_enabled = off)');
  await shop.follow(['public.lettered']);
  const rows = (from: number, to: number) =>
    shop.both(`insert into lettered select md5(g::text), g from generate_series(${from}, ${to}) g`);
  // The number of buckets follows from the statistics, so each bucket holds 3,300 rows.
  await rows(1, 2_000);
  await shop.onProvider('analyze lettered');
  await rows(2_001, 200_000);
  await shop.onSubscriber('update lettered set n = 0 where n % 400 = 0');
  const { result, bytes } = await largestAnswer(() => shop.compare({ tables: ['lettered'] }));
  expect(result).toMatchObject({ differences: 500 });
  // Each answer holds a part of the pairs, which are 3.2 MB together.
  expect(bytes).toBeLessThan(1_000_000);
});

test('long keys are not all kept in memory, and every row is compared', { timeout: 120_000 }, async () => {
  const rows = `select repeat(md5(g::text), 60) || g, g from generate_series(1, 3000) g`;
  await shop.table('wordy', 'id text primary key, n int4', rows);
  await shop.onSubscriber('update wordy set n = -n');
  const arriving = () =>
    shop.onSubscriber('update wordy set n = -n where n between -100 and -1').then(() => undefined);
  const { result, bytes } = await largestAnswer(() => shop.compare({ tables: ['wordy'], apply: arriving }));
  expect(result).toMatchObject({ differences: 2900 });
  expect(result.tables[0]?.sample).toHaveLength(20);
  for (const { kind, key } of result.tables[0]?.sample ?? [])
    expect([kind, key?.id?.length]).toEqual(['different', expect.any(Number)]);
  expect(bytes).toBeLessThan(3_000_000);
});
