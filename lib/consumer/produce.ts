import type { NodeConfig } from '../config/config.ts';
import { Client } from '../db/client.ts';
import { copyEvents, insertEvents, type NewEvent, type Queryable } from '../pgq/insert-events.ts';
import { withNode } from '../secrets/connection-target.ts';
import { createSecretReader } from '../secrets/secret-reader.ts';

/**
 * The database in which events are inserted: a connected client (of `pg`, or of a unit), whose transaction the events join, or a
 * database in the form of a node of the configuration: `{ url }` or `{ secret }`.
 */
export type Producer = Queryable | NodeConfig;

/**
 * Inserts events, all or none. With a client inside a transaction, they exist once that transaction has committed, so that an
 * order and its event are atomic. Returns the events' ids.
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
 * Inserts very many events by COPY, in a separate transaction. Events are taken from `events` as fast as the server writes
 * them, and none is kept in memory. If `events` throws, no event is inserted. Returns the number of inserted events.
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
