import type { Client } from '../db/client.ts';
import type { BatchId } from '../ids.ts';

/** An event of an open batch that its consumer could not handle. */
export interface FailedEvent {
  id: bigint;
  reason: string;
}

export interface RetryRule {
  /** After how long the event comes again, by how often it has come again before. */
  seconds(retries: number): number;
  /** How often an event comes again before it is given up. */
  max: number;
}

/** Puts events of the open batch aside for later. Returns how many come again. */
export async function putAside(
  client: Client,
  batch: BatchId,
  failed: readonly FailedEvent[],
  rule: RetryRule,
): Promise<{ retried: number; dead: number }> {
  if (failed.length === 0) return { retried: 0, dead: 0 };
  const known = await client.query<{ id: bigint; retries: number }>(
    `select ev_id as id, coalesce(ev_retry, 0) as retries from pgq.get_batch_events($1)
      where ev_id = any($2::bigint[])`,
    [batch, failed.map(({ id }) => id)],
  );
  for (const { id, retries } of known)
    await client.query('select pgq.event_retry($1, $2, $3::int4)', [
      batch,
      id,
      Math.ceil(rule.seconds(retries)),
    ]);
  return { retried: known.length, dead: 0 };
}

/** An event that waits to come again. */
export interface WaitingEvent {
  id: bigint;
  consumer: string;
  after: Date;
  time: Date;
  retries: number;
  type: string | null;
  data: string | null;
}

/** What waits in a queue, soonest first; of one consumer, or of all. */
export function listRetries(
  client: Client,
  queue: string,
  consumer: string | null,
  most: number,
): Promise<WaitingEvent[]> {
  return client.query<WaitingEvent>(
    `select r.ev_id as id, owner.consumer, r.ev_retry_after as after, r.ev_time as time,
            coalesce(r.ev_retry, 0) as retries, r.ev_type as type, r.ev_data as data
       from pgq.retry_queue r
       join pgq.queue q on q.queue_id = r.ev_queue
       join (select s.sub_id, min(c.co_name) as consumer
               from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
              group by s.sub_id) owner on owner.sub_id = r.ev_owner
      where q.queue_name = $1 and ($2::text is null or owner.consumer = $2)
      order by r.ev_retry_after, r.ev_id
      limit $3`,
    [queue, consumer, most],
  );
}

/** Forgets events that wait to come again: those named, or all. Returns how many. */
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
