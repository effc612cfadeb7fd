import type { Client } from '../db/client.ts';
import type { TickId } from '../ids.ts';

/** A queue with its settings and state, as an operator looks at it. */
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
  /** Age of the last tick; null while there is none. */
  tickerLagSeconds: number | null;
  eventsPerSecond: number | null;
  /** Event ids since the last tick, also those of events that were rolled back. */
  newEvents: bigint;
  lastTick: TickId | null;
  /** On disk, event tables and their indexes. */
  bytes: bigint;
}

/** All queues of this database by name, or the one. */
export function listQueues(client: Client, queue: string | null): Promise<QueueDetails[]> {
  return client.query<QueueDetails>(
    `select i.queue_name as name,
            i.queue_ticker_paused as paused,
            i.queue_external_ticker as "externalTicker",
            q.queue_disable_insert as "insertDisabled",
            i.queue_ticker_max_count as "tickerMaxCount",
            extract(epoch from i.queue_ticker_max_lag)::float8 as "tickerMaxLagSeconds",
            extract(epoch from i.queue_ticker_idle_period)::float8 as "tickerIdlePeriodSeconds",
            extract(epoch from i.queue_rotation_period)::float8 as "rotationPeriodSeconds",
            greatest(extract(epoch from now() - i.queue_switch_time), 0)::float8 as "sinceSwitchSeconds",
            extract(epoch from i.ticker_lag)::float8 as "tickerLagSeconds",
            i.ev_per_sec as "eventsPerSecond",
            greatest(coalesce(i.ev_new, 0), 0)::bigint as "newEvents",
            i.last_tick_id::bigint as "lastTick",
            (select coalesce(sum(pg_total_relation_size(h.inhrelid)), 0)::bigint
               from pg_inherits h where h.inhparent = to_regclass(q.queue_data_pfx)) as bytes
       from pgq.get_queue_info() i
       join pgq.queue q on q.queue_name = i.queue_name
      where $1::text is null or i.queue_name = $1
      order by i.queue_name`,
    [queue],
  );
}

/** False: a queue of that name is there already. */
export async function createQueue(client: Client, queue: string): Promise<boolean> {
  const row = await client.first<{ made: number }>('select pgq.create_queue($1) as made', [queue]);
  return row?.made === 1;
}

/** Drops the queue with its events. Where consumers are registered: only with `force`. */
export async function dropQueue(client: Client, queue: string, force: boolean): Promise<void> {
  await client.query('select pgq.drop_queue($1, $2)', [queue, force]);
}

/** Parameters that PgQ does not have. */
const policies = ['retry_limit', 'alarm_bytes', 'alarm_time', 'detach_bytes', 'detach_time'];

/** Sets one parameter, by PgQ's names, or one of the queue's policy, where `none` takes the value back. */
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

/** True when this database is a node of a cascade of that queue. */
export async function isNodeQueue(client: Client, queue: string): Promise<boolean> {
  const there = await client.first<{ found: boolean }>(
    `select pg_catalog.to_regclass('pgq_node.node_info') is not null as found`,
  );
  if (!there?.found) return false;
  const row = await client.first('select from pgq_node.node_info where queue_name = $1', [queue]);
  return row !== undefined;
}

/** True when this database has a queue's schema at all. */
export async function hasQueues(client: Client): Promise<boolean> {
  const row = await client.first<{ found: boolean }>(
    `select pg_catalog.to_regclass('pgq.queue') is not null as found`,
  );
  return row?.found === true;
}
