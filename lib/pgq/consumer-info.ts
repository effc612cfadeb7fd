import type { Client } from '../db/client.ts';
import type { BatchId, TickId } from '../ids.ts';

/** A consumer, as `pgq.get_consumer_info` returns it. */
export interface ConsumerInfo {
  name: string;
  /** Age of the last finished tick. */
  lagSeconds: number | null;
  lastSeenSeconds: number | null;
  lastTick: TickId | null;
  batch: BatchId | null;
  /** The tick that ends the open batch; null if no batch is open. */
  nextTick: TickId | null;
  /** Number of event ids up to the last tick; see Lag.pendingEvents. */
  pendingEvents: bigint;
}

const columns = `consumer_name as name,
            extract(epoch from lag)::float8 as "lagSeconds",
            extract(epoch from last_seen)::float8 as "lastSeenSeconds",
            last_tick::bigint as "lastTick",
            current_batch::bigint as batch,
            next_tick::bigint as "nextTick",
            coalesce(pending_events, 0)::bigint as "pendingEvents"`;

/** Returns all consumers of a queue. */
export function listConsumers(client: Client, queue: string): Promise<ConsumerInfo[]> {
  return client.query<ConsumerInfo>(`select ${columns} from pgq.get_consumer_info($1)`, [queue]);
}

/** Returns one consumer, or undefined if it is not registered. */
export function getConsumerInfo(
  client: Client,
  queue: string,
  consumer: string,
): Promise<ConsumerInfo | undefined> {
  return client.first<ConsumerInfo>(`select ${columns} from pgq.get_consumer_info($1, $2)`, [
    queue,
    consumer,
  ]);
}
