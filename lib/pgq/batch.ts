import type { Client } from '../db/client.ts';
import type { BatchId, TickId } from '../ids.ts';

/** The events after `previousTick`, up to `tick`. */
export interface Batch {
  id: BatchId;
  previousTick: TickId;
  tick: TickId;
  /** When `tick` was made, by the provider's clock. */
  tickTime: Date;
  /** Hints: ids of the event sequence at both ticks. Never a proof that the batch is empty. */
  previousEventSeq: bigint;
  eventSeq: bigint;
}

/** Opens the consumer's next batch, one tick long, or returns the open one again. Undefined: nothing new. */
export async function nextBatch(client: Client, queue: string, consumer: string): Promise<Batch | undefined> {
  const row = await client.first<Batch | { id: null }>(
    `select batch_id as id, prev_tick_id as "previousTick", cur_tick_id as tick, cur_tick_time as "tickTime",
            prev_tick_event_seq as "previousEventSeq", cur_tick_event_seq as "eventSeq"
       from pgq.next_batch_info($1, $2)`,
    [queue, consumer],
  );
  return row === undefined || row.id === null ? undefined : row;
}

/** Ends the batch. False: it was not open any more. */
export async function finishBatch(client: Client, batch: BatchId): Promise<boolean> {
  const row = await client.first<{ finished: number }>('select pgq.finish_batch($1) as finished', [batch]);
  return row?.finished === 1;
}
