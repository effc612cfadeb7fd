import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import type { TickId } from '../ids.ts';

/** A queue, as `pgq.get_queue_info` returns it. */
export interface QueueInfo {
  name: string;
  tickerPaused: boolean;
  externalTicker: boolean;
  tickerMaxLagSeconds: number;
  tickerIdlePeriodSeconds: number;
  rotationPeriodSeconds: number;
  /** Seconds since the last switch of the event tables. */
  sinceSwitchSeconds: number;
  /** Age of the last tick; null if there is none. */
  tickerLagSeconds: number | null;
  /** Number of event ids since the last tick, including those of events that were rolled back. */
  newEvents: bigint;
  lastTick: TickId | null;
}

const queueInfoSql = sqlText('pgq/queue-info.sql');

/** Returns the queue, or undefined if this database has no queue of that name. */
export function getQueueInfo(client: Client, queue: string): Promise<QueueInfo | undefined> {
  return client.first<QueueInfo>(queueInfoSql, [queue]);
}

/** Returns whether this database has the schema for queues. */
export async function hasQueues(client: Client): Promise<boolean> {
  const row = await client.first<{ found: boolean }>(
    `select pg_catalog.to_regclass('pgq.queue') is not null as found`,
  );
  return row?.found === true;
}

/** Returns the highest event id that the queue has assigned; 0 if there is none yet. */
export async function lastEventId(client: Client, queue: string): Promise<bigint> {
  const row = await client.first<{ last: bigint | null }>(
    'select pg_sequence_last_value(pgq.quote_fqname(queue_event_seq)::regclass) as last from pgq.queue where queue_name = $1',
    [queue],
  );
  return row?.last ?? 0n;
}

/** Parameters of a queue's ticks and rotation. */
export interface QueueTuning {
  tickSeconds: number;
  idleTickSeconds: number;
  tickEvents: number;
  rotationSeconds: number;
}

/** Sets the queue's parameters to the wanted values; writes only those that differ. Returns their names. */
export async function tuneQueue(client: Client, queue: string, tuning: QueueTuning): Promise<string[]> {
  const rows = await client.query<{ parameter: string }>(
    `select w.parameter, pgq.set_queue_config($1, w.parameter, w.wanted)
       from pgq.queue q
       cross join lateral (values
         ('ticker_max_lag', $2::text || ' seconds', q.queue_ticker_max_lag = make_interval(secs => $2::float8)),
         ('ticker_idle_period', $3::text || ' seconds', q.queue_ticker_idle_period = make_interval(secs => $3::float8)),
         ('ticker_max_count', $4::text, q.queue_ticker_max_count = $4::int4),
         ('rotation_period', $5::text || ' seconds', q.queue_rotation_period = make_interval(secs => $5::float8))
       ) as w (parameter, wanted, same)
      where q.queue_name = $1 and not w.same`,
    [queue, tuning.tickSeconds, tuning.idleTickSeconds, tuning.tickEvents, tuning.rotationSeconds],
  );
  return rows.map((row) => row.parameter);
}
