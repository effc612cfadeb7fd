import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import type { BatchId } from '../ids.ts';

/** An event of an open batch that its consumer could not handle. */
export interface FailedEvent {
  id: bigint;
  reason: string;
}

export interface RetryRule {
  /** Delay until the event is retried, by the number of earlier retries. */
  seconds(retries: number): number;
  /** Number of retries of an event before it is given up. */
  max: number;
}

/** For more events than this, a query of the rights pays off, since one scan of the batch can then serve all of them. */
const FEW = 8;

/**
 * Schedules events of the open batch for a retry, or moves them to the dead letters if they were retried too often. Returns the
 * number of each; the queue's own retry limit may move more of them to the dead letters.
 */
export async function scheduleRetry(
  client: Client,
  batch: BatchId,
  failed: readonly FailedEvent[],
  rule: RetryRule,
): Promise<{ retried: number; dead: number }> {
  if (failed.length === 0) return { retried: 0, dead: 0 };
  const reasons = new Map(failed.map(({ id, reason }) => [id, reason]));
  const known = await client.query<{ id: bigint; retries: number }>(
    `select ev_id as id, coalesce(ev_retry, 0) as retries from pgq.get_batch_events($1)
      where ev_id = any($2::bigint[])`,
    [batch, [...reasons.keys()]],
  );
  const dead = known.filter(({ retries }) => retries >= rule.max);
  for (const { id } of dead)
    await client.query('select pgtide.dead_letter_put($1, $2, $3)', [batch, id, reasons.get(id) ?? '']);
  const later = known.filter(({ retries }) => retries < rule.max);
  const bySeconds = new Map<number, bigint[]>();
  for (const { id, retries } of later) {
    const seconds = Math.ceil(rule.seconds(retries));
    const events = bySeconds.get(seconds);
    if (events) events.push(id);
    else bySeconds.set(seconds, [id]);
  }
  for (const [seconds, events] of bySeconds) await retryLater(client, batch, events, seconds);
  return { retried: later.length, dead: dead.length };
}

/** pgq.event_retry reads the whole batch for each event. Its raw form does not, but not every role may call it. */
async function retryLater(
  client: Client,
  batch: BatchId,
  events: readonly bigint[],
  seconds: number,
): Promise<void> {
  const raw = events.length > FEW && (await mayRetryRaw(client, batch));
  await client.query(
    raw
      ? `select count(pgq.event_retry_raw(i.queue_name, i.consumer_name, now() + make_interval(secs => $3::int4),
                  e.ev_id, e.ev_time, coalesce(e.ev_retry, 0) + 1, e.ev_type, e.ev_data,
                  e.ev_extra1, e.ev_extra2, e.ev_extra3, e.ev_extra4))
           from pgq.get_batch_events($1) e
           cross join pgq.get_batch_info($1) i
          where e.ev_id = any($2::bigint[])
            and not exists (select from pgq.retry_queue r
                             join pgq.subscription s on s.sub_id = r.ev_owner
                            where s.sub_batch = $1 and r.ev_id = e.ev_id)`
      : `select count(pgq.event_retry($1, e.id, $3::int4)) from unnest($2::bigint[]) as e (id)`,
    [batch, events, seconds],
  );
}

/** With rights by queue, every role may call it, and the queue's gate decides. On the real extension, only few roles may call it. */
async function mayRetryRaw(client: Client, batch: BatchId): Promise<boolean> {
  const row = await client.first<{ may: boolean }>(
    `select has_function_privilege(coalesce(gate.oid, raw.oid), 'execute')
            and has_table_privilege('pgq.retry_queue', 'select') as may
       from pg_catalog.pg_proc raw
       left join pgq.subscription s on s.sub_batch = $1
       left join pg_catalog.pg_proc gate
         on gate.pronamespace = raw.pronamespace and gate.proname = 'event_' || s.sub_queue || '_admin'
      where raw.pronamespace = to_regnamespace('pgq') and raw.proname = 'event_retry_raw'`,
    [batch],
  );
  return row?.may === true;
}

/** An event that waits for its retry. */
export interface WaitingEvent {
  id: bigint;
  consumer: string;
  after: Date;
  time: Date;
  retries: number;
  type: string | null;
  data: string | null;
}

const waitingEventsSql = sqlText('pgq/waiting-events.sql');

/** Returns the events of a queue that wait for a retry, soonest first, of one consumer or of all. */
export function listRetries(
  client: Client,
  queue: string,
  consumer: string | null,
  most: number,
): Promise<WaitingEvent[]> {
  return client.query<WaitingEvent>(waitingEventsSql, [queue, consumer, most]);
}

/** Deletes events that wait for a retry: the given events, or all. Returns their number. */
export async function deleteRetries(
  client: Client,
  queue: string,
  consumer: string,
  events: readonly bigint[] | null,
): Promise<number> {
  const rows = await client.query(
    `delete from pgq.retry_queue r
      using pgq.queue q, pgq.subscription s, pgq.consumer c
      where q.queue_name = $1 and c.co_name = $2 and s.sub_queue = q.queue_id and s.sub_consumer = c.co_id
        and r.ev_queue = q.queue_id and r.ev_owner = s.sub_id
        and ($3::bigint[] is null or r.ev_id = any ($3))
      returning r.ev_id`,
    [queue, consumer, events],
  );
  return rows.length;
}

/** An event that was given up. */
export interface DeadLetter {
  id: bigint;
  consumer: string;
  diedAt: Date;
  reason: string | null;
  time: Date;
  retries: number;
  type: string | null;
  data: string | null;
}

/** Returns dead letters, the latest first, of one consumer, or of all consumers, including those that no longer exist. */
export function listDeadLetters(
  client: Client,
  queue: string,
  consumer: string | null,
  most: number,
): Promise<DeadLetter[]> {
  return client.query<DeadLetter>(
    `select ev_id as id, consumer_name as consumer, died_at as "diedAt", reason, ev_time as time,
            coalesce(ev_retry, 0) as retries, ev_type as type, ev_data as data
       from pgtide.dead_letters($1, $2, $3)`,
    [queue, consumer, most],
  );
}

/** Sends dead letters to their consumer again: the given events, or all. Returns their number. */
export async function replayDeadLetters(
  client: Client,
  queue: string,
  consumer: string,
  events: readonly bigint[] | null,
): Promise<number> {
  const row = await client.first<{ events: bigint }>(
    'select pgtide.dead_letter_replay($1, $2, $3) as events',
    [queue, consumer, events],
  );
  return Number(row?.events ?? 0);
}

/** Deletes dead letters that died at least `olderThan` ago: the given events, or all. Returns their number. */
export async function purgeDeadLetters(
  client: Client,
  queue: string,
  consumer: string,
  { events, olderThan }: { events: readonly bigint[] | null; olderThan: string },
): Promise<number> {
  const row = await client.first<{ events: bigint }>(
    'select pgtide.dead_letter_purge($1, $2, $3::interval, $4) as events',
    [queue, consumer, olderThan, events],
  );
  return Number(row?.events ?? 0);
}
