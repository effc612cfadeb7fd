/**
 * Progress of a consumer, kept in a database of its choice, through pgq_ext's functions alone. pgq_ext stores a number for
 * each (consumer, subconsumer). The number without a subconsumer is the position, as every client of pgq_ext stores it. The
 * other numbers are stored under names that describe them.
 */
import type { Client } from '../db/client.ts';
import type { BatchId, TickId } from '../ids.ts';

/** Progress within an open batch. Event ids begin at 1. */
export interface Progress {
  /** All events up to this one are settled; 0 if none is. */
  done: bigint;
  /** A run has begun the events after this one, and has not ended normally; -1 if there is no such run. */
  begun: bigint;
  /** The event that such a run was trying; 0 if none. */
  trying: bigint;
}

export const fresh: Progress = { done: 0n, begun: -1n, trying: 0n };

/** Returns whether this database has pgq_ext, and this role may use it. */
export async function hasProgress(client: Client): Promise<boolean> {
  const row = await client.first<{ usable: boolean | null }>(
    `select has_schema_privilege(to_regnamespace('pgq_ext')::oid, 'usage')
        and has_function_privilege(
              (select p.oid from pg_catalog.pg_proc p
                where p.pronamespace = to_regnamespace('pgq_ext') and p.proname = 'set_last_tick' and p.pronargs = 3),
              'execute') as usable`,
  );
  return row?.usable === true;
}

export async function readProgress(client: Client, name: string, batch: BatchId): Promise<Progress> {
  const row = await client.first<Record<keyof Progress | 'batch', bigint | null>>(
    `select pgq_ext.get_last_tick($1, 'batch') as batch, pgq_ext.get_last_tick($1, 'done') as done,
            pgq_ext.get_last_tick($1, 'begun') as begun, pgq_ext.get_last_tick($1, 'trying') as trying`,
    [name],
  );
  if (row?.batch !== batch) return fresh;
  return {
    done: row.done ?? fresh.done,
    begun: row.begun ?? fresh.begun,
    trying: row.trying ?? fresh.trying,
  };
}

/** Stores the given values. */
export async function writeProgress(
  client: Client,
  name: string,
  change: Partial<Progress> & { batch?: BatchId },
): Promise<void> {
  const entries = Object.entries(change);
  const calls = entries.map(([what], index) => `pgq_ext.set_last_tick($1, '${what}', $${index + 2})`);
  await client.query(`select ${calls.join(', ')}`, [name, ...entries.map(([, value]) => value)]);
}

/** Returns the last tick whose events are settled; null if this consumer has settled none here. */
export async function settledTick(client: Client, name: string): Promise<TickId | null> {
  const row = await client.first<{ tick: TickId | null }>('select pgq_ext.get_last_tick($1) as tick', [name]);
  return row?.tick ?? null;
}

export async function setSettledTick(client: Client, name: string, tick: bigint): Promise<void> {
  await client.query('select pgq_ext.set_last_tick($1, $2)', [name, tick]);
}

/** Stores the failed events of the batch; those of an earlier batch are removed. */
export async function noteFailed(
  client: Client,
  name: string,
  batch: BatchId,
  events: readonly bigint[],
): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `select count(pgq_ext.set_event_done($1, 'failed', $2, failed.id)) from unnest($3::bigint[]) as failed (id)`,
    [name, batch, events],
  );
}

/** Returns the failed events of the batch that were stored. */
export async function notedFailed(client: Client, name: string, batch: BatchId): Promise<bigint[]> {
  const rows = await client.query<{ id: bigint }>(
    `select event_id as id from pgq_ext.completed_event
      where consumer_id = $1 and subconsumer_id = 'failed' and batch_id = $2 order by event_id`,
    [name, batch],
  );
  return rows.map(({ id }) => id);
}
