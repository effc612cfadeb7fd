import type { Client } from '../db/client.ts';
import type { BatchId, TickId } from '../ids.ts';

const utc = (time: string) => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'`;

/** The events after `previousTick`, up to `tick`. */
export interface Batch {
  id: BatchId;
  previousTick: TickId;
  previousTime: string;
  tick: TickId;
  /** When `tick` was made, and what it saw: the provider's text of both. */
  tickTime: string;
  tickSnapshot: string;
  /** How long ago `tick` was made, by the provider's clock. */
  behindSeconds: number;
}

/** The columns of a batch, for the select list over pgtide.next_batch. */
export const batchColumns = `batch_id as id, prev_tick_id as "previousTick", ${utc('prev_tick_time')} as "previousTime",
  tick_id as tick, ${utc('tick_time')} as "tickTime",
  tick_snapshot::text as "tickSnapshot", behind_seconds as "behindSeconds"`;

/** Opens a batch of as many ticks as hold about `maxEvents`, or returns the open one again. Undefined: nothing new. */
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

/** Ends the batch. False: it was not open any more. */
export async function finishBatch(client: Client, batch: BatchId): Promise<boolean> {
  const row = await client.first<{ finished: number }>('select pgq.finish_batch($1) as finished', [batch]);
  return row?.finished === 1;
}

/** What an open batch is. */
export interface BatchInfo {
  batch: BatchId;
  queue: string;
  consumer: string;
  begins: Date;
  ends: Date;
  previousTick: TickId;
  tick: TickId;
  lagSeconds: number;
  /** By the event sequence, which counts rolled-back events too; retried ones not. */
  events: bigint;
}

/** Undefined: no such batch is open. */
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
