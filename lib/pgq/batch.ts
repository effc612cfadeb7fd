import type { Client } from '../db/client.ts';
import type { BatchId, TickId } from '../ids.ts';

const utc = (time: string) => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'`;

/** The events after `previousTick`, up to `tick`. */
export interface Batch {
  id: BatchId;
  previousTick: TickId;
  previousTime: string;
  tick: TickId;
  /** Time and snapshot of `tick`, each as the provider's text. */
  tickTime: string;
  tickSnapshot: string;
  /** Age of `tick`, by the provider's clock. */
  behindSeconds: number;
}

/** The columns of a batch, for the select list over pgtide.next_batch. */
export const batchColumns = `batch_id as id, prev_tick_id as "previousTick", ${utc('prev_tick_time')} as "previousTime",
  tick_id as tick, ${utc('tick_time')} as "tickTime",
  tick_snapshot::text as "tickSnapshot", behind_seconds as "behindSeconds"`;

/** Opens a batch of ticks that contain about `maxEvents` events, or returns the open batch again. Returns undefined if nothing is new. */
export async function nextBatch(
  client: Client,
  queue: string,
  consumer: string,
  maxEvents: number,
): Promise<Batch | undefined> {
  const row = await client.first<Batch | { id: null }>(
    `select ${batchColumns} from pgtide.next_batch($1, $2, $3)`,
    [queue, consumer, maxEvents],
  );
  return row === undefined || row.id === null ? undefined : row;
}

/** Finishes the batch. Returns false if it was no longer open. */
export async function finishBatch(client: Client, batch: BatchId): Promise<boolean> {
  const row = await client.first<{ finished: number }>('select pgq.finish_batch($1) as finished', [batch]);
  return row?.finished === 1;
}

/** Properties of an open batch. */
export interface BatchInfo {
  batch: BatchId;
  queue: string;
  consumer: string;
  begins: Date;
  ends: Date;
  previousTick: TickId;
  tick: TickId;
  lagSeconds: number;
  /** Number of events by the event sequence, which includes rolled-back events, but not retried ones. */
  events: bigint;
}

/** Returns the properties of an open batch; undefined if no such batch is open. */
export async function getBatchInfo(client: Client, batch: BatchId): Promise<BatchInfo | undefined> {
  const row = await client.first<BatchInfo>(
    `select $1::bigint as batch, queue_name as queue, consumer_name as consumer, batch_start as begins,
            batch_end as ends, prev_tick_id::bigint as "previousTick", tick_id::bigint as tick,
            extract(epoch from lag)::float8 as "lagSeconds", (seq_end - seq_start)::bigint as events
       from pgq.get_batch_info($1)`,
    [batch],
  );
  return row?.queue ? row : undefined;
}
