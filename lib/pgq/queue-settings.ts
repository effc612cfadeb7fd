import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import type { TickId } from '../ids.ts';

/** A queue with its settings and state, for an operator. */
export interface QueueDetails {
  name: string;
  paused: boolean;
  externalTicker: boolean;
  insertDisabled: boolean;
  tickerMaxCount: number;
  tickerMaxLagSeconds: number;
  tickerIdlePeriodSeconds: number;
  rotationPeriodSeconds: number;
  sinceSwitchSeconds: number;
  /** Age of the last tick; null if there is none. */
  tickerLagSeconds: number | null;
  eventsPerSecond: number | null;
  /** Number of event ids since the last tick, including those of events that were rolled back. */
  newEvents: bigint;
  lastTick: TickId | null;
  /** Size of the event tables and row tables on disk, with their indexes. */
  bytes: bigint;
}

/** Returns all queues of this database by name, or only the given one. */
export function listQueues(client: Client, queue: string | null): Promise<QueueDetails[]> {
  return client.query<QueueDetails>(sqlText('pgq/queues.sql'), [queue]);
}

/** Creates a queue. Returns false if a queue of that name exists already. */
export async function createQueue(client: Client, queue: string): Promise<boolean> {
  const row = await client.first<{ made: number }>('select pgq.create_queue($1) as made', [queue]);
  return row?.made === 1;
}

/** Drops the queue with its events. If consumers are registered, this requires `force`. */
export async function dropQueue(client: Client, queue: string, force: boolean): Promise<void> {
  await client.query('select pgq.drop_queue($1, $2)', [queue, force]);
}

/** Parameters that PgQ does not have. */
const policies = ['retry_limit', 'alarm_bytes', 'alarm_time', 'detach_bytes', 'detach_time'];

/** Sets one parameter by its name in PgQ, or one parameter of the queue's policy, for which `none` removes the value. */
export async function setQueueParameter(
  client: Client,
  queue: string,
  parameter: string,
  value: string,
): Promise<void> {
  if (policies.includes(parameter))
    await client.query('select pgtide.set_queue_policy($1, $2, $3)', [
      queue,
      parameter,
      value === 'none' ? null : value,
    ]);
  else await client.query('select pgq.set_queue_config($1, $2, $3)', [queue, parameter, value]);
}

/** Returns whether this database is a node of a cascade of that queue. */
export async function isNodeQueue(client: Client, queue: string): Promise<boolean> {
  const there = await client.first<{ found: boolean }>(
    `select pg_catalog.to_regclass('pgq_node.node_info') is not null as found`,
  );
  if (!there?.found) return false;
  const row = await client.first('select from pgq_node.node_info where queue_name = $1', [queue]);
  return row !== undefined;
}
