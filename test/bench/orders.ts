/** The table of the benchmark: eight columns with text, numeric, jsonb and timestamps, about 230 bytes a row. */
import type { BenchDatabase } from './database.ts';

export const ordersDdl = `
  create table orders (
    id bigint primary key,
    customer_id int not null,
    status text not null,
    amount numeric(12,2) not null,
    note text,
    attributes jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
  )`;

/** Rows are functions of their id, so that two databases can be filled with the same rows. */
export function ordersRows(from: number, to: number): string {
  return `
  select n, (n % 50000)::int, (array['new', 'paid', 'shipped', 'returned'])[n % 4 + 1], (n * 7919 % 1000000) / 100.0,
         md5(n::text) || md5((n + 1)::text),
         jsonb_build_object('color', left(md5((n * 3)::text), 6), 'size', n % 50, 'gift', n % 7 = 0,
                            'tags', jsonb_build_array(n % 10, n % 100)),
         timestamptz '2024-01-01 00:00:00+00' + n * interval '1.000001 second',
         timestamptz '2024-06-01 00:00:00+00' + n * interval '0.100001 second'
  from generate_series(${from}::bigint, ${to}) n`;
}

/** Creates the table with `rows` rows. */
export async function createOrders(database: BenchDatabase, rows: number): Promise<void> {
  await database.run(`${ordersDdl}; insert into orders ${ordersRows(1, rows)}`);
  await database.administer('vacuum (freeze, analyze) orders');
}
