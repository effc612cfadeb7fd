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
