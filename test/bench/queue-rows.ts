/**
 * A PgQ consumer that reads the changes of a table as JSON events. pgtide stores rows and writes the JSON when a consumer
 * reads them; PgQ's jsontriga writes it when the row changes.
 */
import type { Client } from '../../lib/db/client.ts';
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';
import { C_TRIGGER, captureWithPgq } from './capture-peers.ts';
import { type Bench, type BenchResult, scaled } from './case.ts';
import { type BenchDatabase, createDatabase, emptyEventTables, settle } from './database.ts';
import { inTurn, judged, type Medians, medianOf, peersOf, type Side, seconds } from './measure.ts';
import { ordersDdl, ordersRows } from './orders.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { QUEUE } from './pgtide-runner.ts';

const EVENTS = 100_000;
const TABLE = 'public.orders';
const CONSUMER = 'reader';
/** Twice the events may take 2^1.2 times the time, as in growth.ts. */
const MOST_OF_TWICE = 2.3;

export async function measureRowBatches(bench: Bench, server: PostgresServer): Promise<BenchResult[]> {
  const sizes = [scaled(bench, EVENTS), scaled(bench, 2 * EVENTS)] as const;
  const sides = await prepareSides(bench, server);
  const medians = await inTurn(
    bench,
    'queue, rows as events',
    sides.map(({ name, database }): Side => ({ name, run: () => measure(database, sizes) })),
  );
  return resultsOf(medians, sizes);
}

async function prepareSides(bench: Bench, server: PostgresServer) {
  const ours = await createDatabase(server, 'rows_ours');
  await ours.run(ordersDdl);
  const pair = await createPgtidePair(ours, await createDatabase(server, 'rows_leaf'));
  await addTables(pair, [TABLE], { create: true });
  await demandRowTables(ours);
  const sides = [{ name: 'pgtide', database: ours }];
  if (bench.build.pgq) {
    const database = await createDatabase(server, 'rows_pgq');
    await database.run(ordersDdl);
    await captureWithPgq(database, { queue: QUEUE, tables: [TABLE], trigger: 'jsontriga' });
    sides.push({ name: C_TRIGGER, database });
  }
  return sides;
}

/** Fails if capture writes events, and no rows: a reader would find the JSON there. */
async function demandRowTables(database: BenchDatabase): Promise<void> {
  await emptyEventTables(database);
  await database.run(`insert into orders ${ordersRows(1, 1)}`);
  const row = await database.asSuperuser((client) =>
    client.first<{ tables: bigint }>(
      `select count(*) as tables from pgq.queue q, pgq._row_tables(q.queue_id, null, true) where q.queue_name = $1`,
      [QUEUE],
    ),
  );
  if (row?.tables !== 1n) throw new Error('capture wrote no rows');
}

async function measure(database: BenchDatabase, sizes: readonly number[]): Promise<Record<string, number>> {
  const measured: Record<string, number> = {};
  for (const events of sizes) {
    await database.run('truncate orders');
    await emptyEventTables(database);
    await database.asSuperuser(async (client) => {
      await tick(client);
      await client.query('select pgq.register_consumer($1, $2)', [QUEUE, CONSUMER]);
    });
    await database.run(`insert into orders ${ordersRows(1, events)}`);
    await settle(database);
    measured[`ms of ${events}`] = await database.asSuperuser(async (client) => {
      await tick(client);
      const ms = await readBatch(client, events);
      await client.query('select pgq.unregister_consumer($1, $2)', [QUEUE, CONSUMER]);
      return ms;
    });
  }
  return measured;
}

async function tick(client: Client): Promise<void> {
  await client.query('select pgq.force_tick($1)', [QUEUE]);
  await client.query('select pgq.ticker($1)', [QUEUE]);
}

/** Returns the milliseconds. The events stay within the server, so that the queue is measured and not a client. */
async function readBatch(client: Client, events: number): Promise<number> {
  const batch = await client.first<{ id: bigint }>('select pgq.next_batch($1, $2) as id', [QUEUE, CONSUMER]);
  let found: bigint | undefined;
  const taken = await seconds(async () => {
    const row = await client.first<{ events: bigint; size: bigint }>(
      'select count(*) as events, sum(length(ev_data)) as size from pgq.get_batch_events($1)',
      [batch?.id],
    );
    found = row?.events;
  });
  if (found !== BigInt(events)) throw new Error(`a batch of ${found} events, not of ${events}`);
  return 1000 * taken;
}

function resultsOf(medians: Medians, [once, twice]: readonly [number, number]): BenchResult[] {
  const half = `${once} events`;
  const line = (events: number) => ({
    name: `queue: rows of a batch read by a PgQ consumer as JSON events, ${events}`,
    unit: 'ms',
    ours: medianOf(medians, 'pgtide', `ms of ${events}`),
    peers: peersOf(medians, `ms of ${events}`),
  });
  const more = line(twice);
  return [
    judged({ ...line(once), against: C_TRIGGER }),
    judged({
      ...more,
      peers: { ...more.peers, [half]: medianOf(medians, 'pgtide', `ms of ${once}`) },
      goal: { most: MOST_OF_TWICE, against: half },
    }),
  ];
}
