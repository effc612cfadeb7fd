import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';

/** Subscribes a consumer after the queue's last tick. Returns false if it was subscribed already; then its position does not change. */
export async function registerConsumer(client: Client, queue: string, consumer: string): Promise<boolean> {
  const row = await client.first<{ added: number }>('select pgq.register_consumer($1, $2) as added', [
    queue,
    consumer,
  ]);
  return row?.added === 1;
}

/** Subscribes a consumer after a tick, or moves it there and drops its open batch. Returns true if the consumer is new. */
export async function registerConsumerAt(
  client: Client,
  queue: string,
  consumer: string,
  tick: bigint,
): Promise<boolean> {
  const row = await client.first<{ added: number }>('select pgq.register_consumer_at($1, $2, $3) as added', [
    queue,
    consumer,
    tick,
  ]);
  return row?.added === 1;
}

/** Ends a subscription, and removes its retries. Returns false if there was no subscription. */
export async function unregisterConsumer(client: Client, queue: string, consumer: string): Promise<boolean> {
  const row = await client.first<{ gone: number }>('select pgq.unregister_consumer($1, $2) as gone', [
    queue,
    consumer,
  ]);
  return (row?.gone ?? 0) > 0;
}

/** Returns the last tick that the consumer has finished. */
export async function positionOf(client: Client, queue: string, consumer: string): Promise<TickId> {
  const row = await client.first<{ tick: TickId | null }>(
    'select last_tick::bigint as tick from pgq.get_consumer_info($1, $2)',
    [queue, consumer],
  );
  if (row?.tick) return row.tick;
  throw new PgtideError(
    'not-found',
    `${client.node}: the consumer ${consumer} of queue ${queue} has no position`,
    {
      remedy: `see: pgtide queue show ${queue}`,
    },
  );
}

/** Adds a member to a cooperative consumer, and registers the consumer if necessary. Returns false if the member existed already. */
export async function registerSubconsumer(
  client: Client,
  queue: string,
  consumer: string,
  subconsumer: string,
): Promise<boolean> {
  const row = await client.first<{ added: number }>(
    'select pgq_coop.register_subconsumer($1, $2, $3) as added',
    [queue, consumer, subconsumer],
  );
  return row?.added === 1;
}

export interface Member {
  queue: string;
  consumer: string;
  subconsumer: string;
  /** Drops its open batch: the group loses these events. Otherwise an open batch is an error. */
  close: boolean;
}

/** Removes a member from a cooperative consumer. Returns false if there was no such member. */
export async function unregisterSubconsumer(
  client: Client,
  { queue, consumer, subconsumer, close }: Member,
): Promise<boolean> {
  const row = await client.first<{ gone: number }>(
    'select pgq_coop.unregister_subconsumer($1, $2, $3, $4) as gone',
    [queue, consumer, subconsumer, close ? 1 : 0],
  );
  return (row?.gone ?? 0) > 0;
}
