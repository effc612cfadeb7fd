/** The queue itself: inserts of events by applications, reads of their batches, and ticks. */
import type { Client } from '../../lib/db/client.ts';
import { type Bench, type BenchCase, type BenchResult, scaled } from './case.ts';
import {
  allowPgq,
  type BenchDatabase,
  createDatabase,
  emptyEventTables,
  settle,
  vacuum,
} from './database.ts';
import { type Goal, inTurn, judged, type Medians, medianOf, peersOf, type Side, seconds } from './measure.ts';
import { createPgtidePair } from './pgtide-pair.ts';
import { measureRowBatches } from './queue-rows.ts';
import { runLoad } from './single-row.ts';

const BULK_EVENTS = 300_000;
const BATCH_EVENTS = 100_000;
const MANY_QUEUES = 100;
const CONSUMERS = 10;
/** Small batches while one transaction stays open. The first of them and the last are compared. */
const OLD_BATCHES = 5_000;
const TIMED_BATCHES = 500;
const C_EXTENSION = "PgQ's C extension";
const QUEUE = 'bench';
const DATA = 'id=1&customer_id=4711&status=paid&amount=12.50&note=an event of some length';

export const queue: BenchCase = {
  name: 'queue',
  minutes: 3,
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
        client.query(
          `select pgq.create_queue($1), pgq.register_consumer($1, $1), pgq.set_queue_config($1, 'ticker_max_count', '1')`,
          [QUEUE],
        ),
      );
      if (database !== ours) await allowPgq(database);
    }
    const turns = (what: string, run: (database: BenchDatabase) => ReturnType<Side['run']>) =>
      inTurn(
        bench,
        what,
        databases.map(({ name, database }): Side => ({ name, run: () => run(database) })),
      );
    const events = await turns('queue', (database) => measure(bench, database));
    const batches = await turns('queue, an old transaction', (database) => oldTransaction(bench, database));
    for (const { database } of databases) await makeQueues(database);
    const results = resultsOf(bench, events, batches, await turns('queue, many', tickAll));
    return [...results, ...(await measureRowBatches(bench, server))];
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
  await insertMany(database, scaled(bench, BATCH_EVENTS));
  await settle(database);
  const cursor = await readBatch(database, BY_CURSOR);
  return {
    single: single.perSecond,
    p50Ms: single.p50Ms,
    p99Ms: single.p99Ms,
    bulk: events / bulk,
    tickMs: read.tickMs,
    readMs: read.readMs,
    cursorMs: cursor.readMs,
  };
}

/** All in one transaction, by one call a row. */
function insertMany(database: BenchDatabase, events: number): Promise<void> {
  return database.run(
    `select count(pgq.insert_event('${QUEUE}', 'test', '${DATA}' || n)) from generate_series(1, ${events}) n`,
  );
}

const AT_ONCE = 'select count(*), sum(length(ev_data)) from pgq.get_batch_events(pgq.next_batch($1, $1))';
const BY_CURSOR = `do $$ declare events refcursor := 'events'; begin
  perform pgq.get_batch_cursor(pgq.next_batch('${QUEUE}', '${QUEUE}'), 'events', 1000);
  loop move forward 1000 from events; exit when not found; end loop; end $$`;

/** Ticks, and reads all events up to the tick within the server, so that the queue is measured and not a client. */
function readBatch(database: BenchDatabase, reading = AT_ONCE): Promise<{ tickMs: number; readMs: number }> {
  return database.asSuperuser(async (client) => {
    await client.query('select pgq.force_tick($1)', [QUEUE]);
    const tick = await seconds(() => client.query('select pgq.ticker($1)', [QUEUE]));
    const read = await seconds(async () => {
      await client.query(reading, reading === AT_ONCE ? [QUEUE] : []);
      await client.query('select pgq.finish_batch(pgq.next_batch($1, $1))', [QUEUE]);
    });
    return { tickMs: tick * 1000, readMs: read * 1000 };
  });
}

/** The number of small batches a second that a consumer finishes, at first and after thousands of them. */
async function oldTransaction(bench: Bench, database: BenchDatabase): Promise<Record<string, number>> {
  await vacuum(database, ['pgq.subscription', 'pgq.tick', 'pgq.queue']);
  return database.asSuperuser((old) =>
    database.asSuperuser(async (client) => {
      await old.query('begin; select txid_current()');
      const rate = async (batches: number) => batches / (await seconds(() => smallBatches(client, batches)));
      await rate(TIMED_BATCHES);
      const first = await rate(TIMED_BATCHES);
      await rate(scaled(bench, OLD_BATCHES));
      const last = await rate(TIMED_BATCHES);
      await old.query('rollback');
      return { first, last, kept: last / first };
    }),
  );
}

async function smallBatches(client: Client, batches: number): Promise<void> {
  const one = `begin; select pgq.insert_event('${QUEUE}', 'test', '${DATA}'); commit;
    begin; select pgq.ticker('${QUEUE}'); commit;
    begin; select pgq.next_batch('${QUEUE}', '${QUEUE}'); commit;
    begin; select * from pgq.get_batch_events(pgq.next_batch('${QUEUE}', '${QUEUE}'));
    select pgq.finish_batch(pgq.next_batch('${QUEUE}', '${QUEUE}')); commit;`;
  for (let left = batches; left > 0; left -= 100) await client.query(one.repeat(Math.min(left, 100)));
}

async function makeQueues(database: BenchDatabase): Promise<void> {
  await database.asSuperuser(async (client) => {
    await client.query(`select pgq.create_queue('queue_' || n) from generate_series(2, $1::int) n`, [
      MANY_QUEUES,
    ]);
    await client.query(
      `select pgq.register_consumer(queue_name, 'consumer_' || n) from pgq.queue, generate_series(1, $1::int) n`,
      [CONSUMERS],
    );
  });
}

/** One call that ticks every queue. */
function tickAll(database: BenchDatabase): Promise<Record<string, number>> {
  return database.asSuperuser(async (client) => {
    await client.query('select pgq.ticker()');
    await client.query('select pgq.force_tick(queue_name) from pgq.queue');
    return { tickAllMs: 1000 * (await seconds(() => client.query('select pgq.ticker()'))) };
  });
}

function resultsOf(bench: Bench, events: Medians, batches: Medians, ticks: Medians): BenchResult[] {
  // These rates were measured when the C extension made 36,000/s and 145,000/s. If it is there, the ratio counts.
  const rate = (least: number, share: number): Goal =>
    events.has(C_EXTENSION) ? { least: share, against: C_EXTENSION } : { least };
  const atMost = (share: number): Goal => ({ most: share, against: C_EXTENSION });
  const line = (medians: Medians, name: string, measure: string, unit: string, wanted?: Goal) =>
    judged({
      name: `queue: ${name}`,
      unit,
      ours: medianOf(medians, 'pgtide', measure),
      peers: peersOf(medians, measure),
      against: C_EXTENSION,
      ...(wanted ? { goal: wanted } : {}),
    });
  const [bulk, batch] = [scaled(bench, BULK_EVENTS), scaled(bench, BATCH_EVENTS)];
  return [
    line(events, 'insert_event, a transaction each, 2 clients', 'single', '1/s', rate(30_000, 0.85)),
    line(events, 'insert_event, median latency', 'p50Ms', 'ms'),
    line(events, 'insert_event, 99th percentile', 'p99Ms', 'ms'),
    line(events, `insert_event, ${bulk} in one statement`, 'bulk', '1/s', rate(100_000, 0.7)),
    line(events, 'a tick', 'tickMs', 'ms'),
    line(ticks, `a tick of ${MANY_QUEUES} queues with ${CONSUMERS} consumers each`, 'tickAllMs', 'ms', {
      most: 50,
    }),
    line(events, `reading a batch of ${batch} events`, 'readMs', 'ms'),
    line(events, `reading a batch of ${batch} events by cursor`, 'cursorMs', 'ms', atMost(1)),
    line(batches, 'small batches, a transaction open', 'first', '1/s'),
    line(batches, `of that rate, after ${scaled(bench, OLD_BATCHES)} batches`, 'kept', 'times', {
      least: 0.8,
    }),
  ];
}
