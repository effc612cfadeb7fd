/**
 * The application: places orders in the database of DATABASE_URL, one transaction each, until SIGTERM or until it has
 * placed as many as its argument says.
 */
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';

const most = Number(process.argv[2] ?? Number.POSITIVE_INFINITY);
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
let placed = 0;
while (placed < most && !stopping.signal.aborted) {
  await placeOrder();
  placed += 1;
  await setTimeout(20);
}
await client.end();
console.log(`${placed} orders placed`);

async function placeOrder(): Promise<void> {
  const customer = 1 + Math.floor(Math.random() * 1000);
  const product = 1 + Math.floor(Math.random() * 100);
  await client.query('begin');
  const { rows } = await client.query('insert into orders (customer_id) values ($1) returning id', [
    customer,
  ]);
  await client.query('insert into order_items values ($1, $2, 1)', [rows[0].id, product]);
  await client.query('update products set stock = stock - 1 where id = $1', [product]);
  await client.query('commit');
}
