/** The cost of a batch of events, whatever else the queue holds. */
import type { Client } from '../../lib/db/client.ts';
import { finishBatch, nextBatch } from '../../lib/pgq/batch.ts';
import type { Bench, BenchResult } from './case.ts';
import { type BenchDatabase, createDatabase } from './database.ts';
import { Costs, sizesUpTo } from './growth.ts';
import { seconds } from './measure.ts';
import { createPgtidePair } from './pgtide-pair.ts';

const BATCH = 2_000;
const MAX_EVENTS = 1_000_000;
const MAX_CONSUMERS = 1_000;
const MAX_TRANSACTIONS = 100_000;
const QUEUE = 'bench';
const READER = 'reader';

export async function scaleQueue(bench: Bench): Promise<BenchResult[]> {
  const server = await bench.server();
  const database = await createDatabase(server, 'queues');
  await createPgtidePair(database, await createDatabase(server, 'leaf'));
  const costs = new Costs(bench);
  return [
    ...(await againstEvents(bench, database, costs)),
    ...(await againstConsumers(bench, database, costs)),
    ...(await againstOldTransaction(bench, database, costs)),
  ];
}

async function makeQueue(client: Client): Promise<void> {
  await client.query('select pgq.create_queue($1), pgq.register_consumer($1, $2)', [QUEUE, READER]);
}

async function dropQueue(client: Client): Promise<void> {
  await client.query('select pgq.drop_queue($1, true)', [QUEUE]);
}

async function tickNow(client: Client): Promise<void> {
  await client.query('select pgq.force_tick($1)', [QUEUE]);
  await client.query('select pgq.ticker($1)', [QUEUE]);
}

async function insertEvents(client: Client, events: number): Promise<void> {
  await client.query(
    `select count(pgq.insert_event($1, 'test', 'an event of some length, ' || n)) from generate_series(1, $2::int) n`,
    [QUEUE, events],
  );
}

/** Reads a batch of 2,000 events as replay does. */
async function readBatch(client: Client): Promise<void> {
  const batch = await nextBatch(client, QUEUE, READER, BATCH);
  if (!batch) throw new Error('no batch');
  const slice = await client.first<{ query: string }>(
    `select query from pgtide.slice_query($1, 0, 1000000, 1000000000, '[]', false, false)`,
    [batch.id],
  );
  const read = await client.first<{ events: bigint }>(`select count(*) as events from (${slice?.query}) q`);
  if (read?.events !== BigInt(BATCH)) throw new Error(`a batch of ${read?.events} events`);
  await finishBatch(client, batch.id);
}

async function batchCost(client: Client): Promise<number> {
  await insertEvents(client, BATCH);
  await tickNow(client);
  return 1000 * (await seconds(() => readBatch(client)));
}

async function tickCost(client: Client): Promise<number> {
  await client.query('select pgq.force_tick($1)', [QUEUE]);
  return 1000 * (await seconds(() => client.query('select pgq.ticker($1)', [QUEUE])));
}

/** Events that the reader has read and another consumer has not. */
async function againstEvents(bench: Bench, database: BenchDatabase, costs: Costs): Promise<BenchResult[]> {
  const what = 'reading a batch, against events that lie in the queue';
  await database.asSuperuser(async (client) => {
    await makeQueue(client);
    await client.query('select pgq.register_consumer($1, $2)', [QUEUE, 'slow']);
    let there = 0;
    for (const size of sizesUpTo(bench, MAX_EVENTS)) {
      await insertRaw(client, size - there);
      there = size;
      await tickNow(client);
      await skipAll(client);
      await costs.note(what, size, () => batchCost(client));
    }
    await dropQueue(client);
  });
  return [costs.result(what, 'flat')];
}

/** Inserts straight into the event table, in transactions of 10,000. Capture also writes in this way. */
async function insertRaw(client: Client, events: number): Promise<void> {
  const table = await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [QUEUE]);
  for (let left = events; left > 0; left -= 10_000) {
    await client.query(
      `insert into ${table?.name} (ev_time, ev_type, ev_data)
       select now(), 'test', 'an event of some length, ' || n from generate_series(1, $1::int) n`,
      [Math.min(left, 10_000)],
    );
    await tickNow(client);
  }
}

/** Moves the reader behind the events that are there. */
async function skipAll(client: Client): Promise<void> {
  for (;;) {
    const batch = await nextBatch(client, QUEUE, READER, Number.MAX_SAFE_INTEGER);
    if (!batch) return;
    await finishBatch(client, batch.id);
  }
}

async function againstConsumers(bench: Bench, database: BenchDatabase, costs: Costs): Promise<BenchResult[]> {
  const [reading, ticking] = ['reading a batch, against consumers', 'a tick, against consumers'];
  await database.asSuperuser(async (client) => {
    await makeQueue(client);
    let there = 0;
    for (const size of sizesUpTo(bench, MAX_CONSUMERS)) {
      await client.query(
        `select pgq.register_consumer($1, 'consumer_' || n) from generate_series($2::int, $3::int) n`,
        [QUEUE, there + 1, size],
      );
      there = size;
      await costs.note(reading, size, () => batchCost(client));
      await costs.note(ticking, size, () => tickCost(client));
      await tickNow(client);
      await skipAll(client);
    }
    await dropQueue(client);
  });
  return [costs.result(reading, 'flat'), costs.result(ticking, 'flat')];
}

/** A transaction that began before all others and does not end, while small ones commit. */
async function againstOldTransaction(
  bench: Bench,
  database: BenchDatabase,
  costs: Costs,
): Promise<BenchResult[]> {
  const what = 'reading a batch, against transactions since one that is still open began';
  await database.asSuperuser(async (client) => {
    await makeQueue(client);
    await database.asSuperuser(async (old) => {
      await old.query('begin; select txid_current()');
      let there = 0;
      for (const size of sizesUpTo(bench, MAX_TRANSACTIONS)) {
        await client.query(`do $$ begin for i in 1 .. ${size - there} loop
          perform pgq.insert_event('${QUEUE}', 'test', 'an event of some length'); commit; end loop; end $$`);
        there = size;
        await tickNow(client);
        await skipAll(client);
        await costs.note(what, size, () => batchCost(client));
      }
      await old.query('rollback');
    });
    await dropQueue(client);
  });
  return [costs.result(what, 'flat')];
}
