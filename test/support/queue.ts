/** Calls that tests make on a queue, over SQL as any client of PgQ. */
import { randomBytes } from 'node:crypto';
import type { Client } from '../../lib/db/client.ts';
import { PgtideError } from '../../lib/errors.ts';
import type { TestDatabase } from './database.ts';

export interface QueueEvent {
  ev_id: bigint;
  ev_time: Date;
  ev_txid: bigint;
  ev_retry: number | null;
  ev_type: string | null;
  ev_data: string | null;
  ev_extra1: string | null;
  ev_extra2: string | null;
  ev_extra3: string | null;
  ev_extra4: string | null;
}

export interface NextBatch {
  batch_id: bigint | null;
  cur_tick_id: bigint | null;
  prev_tick_id: bigint | null;
}

/** Creates a queue for the test and returns its name. */
export async function makeQueue(client: Client, prefix = 'queue'): Promise<string> {
  const queue = `${prefix}_${randomBytes(4).toString('hex')}`;
  await client.query('select pgq.create_queue($1)', [queue]);
  return queue;
}

export type QueueWork = (client: Client, queue: string) => Promise<void>;

/** Creates a queue in the database and works with it. */
export const inNewQueue = (db: TestDatabase, work: QueueWork) =>
  db.client(async (client) => work(client, await makeQueue(client)));

export async function insertEvent(client: Client, queue: string, data = ''): Promise<void> {
  await client.query('select pgq.insert_event($1, $2, $3)', [queue, 'test', data]);
}

/** Inserts events that hold the texts, and makes a tick after them. Returns the tick's id. */
export async function insertEvents(client: Client, queue: string, texts: readonly string[]): Promise<bigint> {
  await client.query(`select pgq.insert_event($1, 'test', t) from unnest($2::text[]) t`, [queue, texts]);
  return tickNow(client, queue);
}

/** Makes all waiting retries due, and puts them back into the queue before a new tick. Returns the number of events. */
export async function bringBackRetries(client: Client, queue: string): Promise<number> {
  await client.query(
    `update pgq.retry_queue r set ev_retry_after = now() from pgq.queue q
      where q.queue_id = r.ev_queue and q.queue_name = $1`,
    [queue],
  );
  const row = await client.first<{ events: number }>('select pgq.maint_retry_events() as events');
  await tickNow(client, queue);
  return row?.events ?? 0;
}

/** The new tick's id, or null if it is not yet time. */
export async function tick(client: Client, queue: string): Promise<bigint | null> {
  const row = await client.first<{ id: bigint | null }>('select pgq.ticker($1) as id', [queue]);
  return row?.id ?? null;
}

/** Makes a tick now, whatever the ticker's limits are. */
export async function tickNow(client: Client, queue: string): Promise<bigint> {
  await client.query('select pgq.force_tick($1)', [queue]);
  const id = await tick(client, queue);
  if (id === null) throw new Error(`no tick on ${queue}`);
  return id;
}

/** Makes all stored times of the queue older by this much. */
export async function passTime(client: Client, queue: string, time: string): Promise<void> {
  await client.query(
    `update pgq.tick t set tick_time = tick_time - $2::interval
       from pgq.queue q where t.tick_queue = q.queue_id and q.queue_name = $1`,
    [queue, time],
  );
  await client.query(
    'update pgq.queue set queue_switch_time = queue_switch_time - $2::interval where queue_name = $1',
    [queue, time],
  );
}

export async function nextBatch(client: Client, queue: string, consumer: string): Promise<bigint | null> {
  const row = await client.first<{ id: bigint | null }>('select pgq.next_batch($1, $2) as id', [
    queue,
    consumer,
  ]);
  return row?.id ?? null;
}

export function eventsOf(client: Client, batch: bigint): Promise<QueueEvent[]> {
  return client.query<QueueEvent>('select * from pgq.get_batch_events($1)', [batch]);
}

export async function finishBatch(client: Client, batch: bigint): Promise<number> {
  const row = await client.first<{ done: number }>('select pgq.finish_batch($1) as done', [batch]);
  return row?.done ?? -1;
}

/** The events of the next batch, which it finishes; empty if there is no batch. */
export async function consume(client: Client, queue: string, consumer: string): Promise<QueueEvent[]> {
  const batch = await nextBatch(client, queue, consumer);
  if (batch === null) return [];
  const events = await eventsOf(client, batch);
  await finishBatch(client, batch);
  return events;
}

/** SQLSTATE and message of the error with which `work` ends; undefined if it succeeds. */
export async function stateOf(work: Promise<unknown>): Promise<[string | undefined, string] | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const cause = (error instanceof PgtideError ? error.cause : error) as { code?: string; message: string };
    return [cause.code, cause.message];
  }
}

/**
 * Runs a statement without Client, whose errors hold none of the server's texts, for tests that compare these texts.
 * Returns the rows of the last statement.
 */
export async function rawRows(client: Client, statement: string): Promise<unknown[]> {
  const result = await client.connection.query(statement);
  const last: { rows: unknown[] } | undefined = Array.isArray(result) ? result.at(-1) : result;
  return last?.rows ?? [];
}
