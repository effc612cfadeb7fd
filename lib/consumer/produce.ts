import type { NodeConfig } from '../config/config.ts';
import { Client } from '../db/client.ts';
import { copyEvents, insertEvents, type NewEvent, type Queryable } from '../pgq/insert-events.ts';
import { withNode } from '../secrets/connection-target.ts';
import { createSecretReader } from '../secrets/secret-reader.ts';

/**
 * Where events are made: a client that is connected (one of `pg`, or a unit's), whose transaction the events join, or a
 * database as a node of the configuration is written: `{ url }` or `{ secret }`.
 */
export type Producer = Queryable | NodeConfig;

/**
 * Makes events, all or none. With a client inside a transaction they exist once that transaction has committed, so that
 * an order and its event are one thing. Returns the events' ids.
 */
export function produce(
  producer: Producer,
  queue: string,
  events: NewEvent | readonly NewEvent[],
): Promise<bigint[]> {
  const all = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent];
  if (isClient(producer)) return insertEvents(producer, queue, all);
  return connected(producer, (client) => insertEvents(client, queue, all));
}

/**
 * Makes very many events by COPY, in one transaction of its own. They are taken from `events` as fast as the server
 * writes them, and none is kept. When `events` throws, none is made. Returns how many were made.
 */
export function produceBulk(
  producer: Client | NodeConfig,
  queue: string,
  events: AsyncIterable<NewEvent> | Iterable<NewEvent>,
): Promise<number> {
  const copied = (client: Client) => copyEvents(client, queue, events);
  const alone = (client: Client) =>
    client.inTransaction ? copied(client) : client.transaction({}, () => copied(client));
  return producer instanceof Client ? alone(producer) : connected(producer, alone);
}

function isClient(producer: Producer): producer is Queryable {
  return 'query' in producer && typeof producer.query === 'function';
}

function connected<T>(config: NodeConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const connector = { secrets: createSecretReader(), applicationName: 'pgtide produce' };
  return withNode('producer', config, connector, work);
}
