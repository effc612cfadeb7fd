/** The queue itself: events put in by applications, and a batch of them read. */
import { type Bench, type BenchCase, type BenchResult, scaled } from './case.ts';
import { allowPgq, type BenchDatabase, createDatabase, emptyEventTables, settle } from './database.ts';
import { type Goal, inTurn, judged, type Medians, medianOf, peersOf, type Side, seconds } from './measure.ts';
import { createPgtidePair } from './pgtide-pair.ts';
import { runLoad } from './single-row.ts';

const BULK_EVENTS = 300_000;
const BATCH_EVENTS = 100_000;
const C_EXTENSION = "PgQ's C extension";
const QUEUE = 'bench';
const DATA = 'id=1&customer_id=4711&status=paid&amount=12.50&note=an event of some length';

export const queue: BenchCase = {
  name: 'queue',
  minutes: 1,
  async run(bench) {
    const server = await bench.server();
    const ours = await createDatabase(server, 'ours');
    await createPgtidePair(ours, await createDatabase(server, 'leaf'));
    const databases = [{ name: 'pgtide', database: ours }];
    if (bench.build.pgq) {
      const database = await createDatabase(server, 'pgq');
      await database.administer('create extension pgq');
      databases.push({ name: C_EXTENSION, database });
    }
    for (const { database } of databases) {
      await database.asSuperuser((client) =>
        client.query('select pgq.create_queue($1), pgq.register_consumer($1, $1)', [QUEUE]),
      );
      if (database !== ours) await allowPgq(database);
    }
    const medians = await inTurn(
      bench,
      'queue',
      databases.map(({ name, database }): Side => ({ name, run: () => measure(bench, database) })),
    );
    return resultsOf(bench, medians);
  },
};

async function measure(bench: Bench, database: BenchDatabase): Promise<Record<string, number>> {
  await emptyEventTables(database);
  await settle(database);
  const single = await runLoad(bench, database, {
    statement: `select pgq.insert_event('${QUEUE}', 'test', '${DATA}')`,
    ids: 1,
    clients: 2,
    seconds: Math.max(1, 4 * bench.scale),
  });
  await readBatch(database);
  const events = scaled(bench, BULK_EVENTS);
  await settle(database);
  const bulk = await seconds(() => insertMany(database, events));
  await readBatch(database);
  await insertMany(database, scaled(bench, BATCH_EVENTS));
  await settle(database);
  const read = await readBatch(database);
  return {
    single: single.perSecond,
    p50Ms: single.p50Ms,
    p99Ms: single.p99Ms,
    bulk: events / bulk,
    tickMs: read.tickMs,
    readMs: read.readMs,
  };
}

/** In one transaction, called row by row. */
function insertMany(database: BenchDatabase, events: number): Promise<void> {
  return database.run(
    `select count(pgq.insert_event('${QUEUE}', 'test', '${DATA}' || n)) from generate_series(1, ${events}) n`,
  );
}

/** Ticks, and reads all events up to there, within the server: what is measured is the queue and not a client. */
function readBatch(database: BenchDatabase): Promise<{ tickMs: number; readMs: number }> {
  return database.asSuperuser(async (client) => {
    await client.query('select pgq.force_tick($1)', [QUEUE]);
    const tick = await seconds(() => client.query('select pgq.ticker($1)', [QUEUE]));
    const read = await seconds(async () => {
      const batch = await client.first<{ id: bigint }>('select pgq.next_batch($1, $1) as id', [QUEUE]);
      await client.query('select count(*), sum(length(ev_data)) from pgq.get_batch_events($1)', [batch?.id]);
      await client.query('select pgq.finish_batch($1)', [batch?.id]);
    });
    return { tickMs: tick * 1000, readMs: read * 1000 };
  });
}

function resultsOf(bench: Bench, medians: Medians): BenchResult[] {
  // Rates that were measured where the C extension made 36,000/s and 145,000/s; beside it, the ratio counts.
  const goal = (least: number, of: number): Goal =>
    medians.has(C_EXTENSION) ? { least: Number((least / of).toFixed(2)), against: C_EXTENSION } : { least };
  const line = (name: string, measure: string, unit: string, wanted?: Goal) =>
    judged({
      name: `queue: ${name}`,
      unit,
      ours: medianOf(medians, 'pgtide', measure),
      peers: peersOf(medians, measure),
      against: C_EXTENSION,
      ...(wanted ? { goal: wanted } : {}),
    });
  return [
    line('insert_event, a transaction each, 2 clients', 'single', '1/s', goal(30_000, 36_000)),
    line('insert_event, median latency', 'p50Ms', 'ms'),
    line('insert_event, 99th percentile', 'p99Ms', 'ms'),
    line(
      `insert_event, ${scaled(bench, BULK_EVENTS)} in one statement`,
      'bulk',
      '1/s',
      goal(100_000, 145_000),
    ),
    line('a tick', 'tickMs', 'ms'),
    line(`reading a batch of ${scaled(bench, BATCH_EVENTS)} events`, 'readMs', 'ms'),
  ];
}
