import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';

/**
 * Creates a tick if one is due; otherwise returns null. Two concurrent calls wait for each other in the database. This works only
 * in READ COMMITTED, so the role's default isolation level is not used.
 */
export async function tickQueue(client: Client, queue: string): Promise<TickId | null> {
  const tick = () => client.first<{ tick: TickId | null }>('select pgq.ticker($1)::bigint as tick', [queue]);
  const row = await (client.inTransaction ? tick() : client.transaction({}, tick));
  return row?.tick ?? null;
}

/** Forces the next ticker call to create a tick regardless of its limits. Returns the current last tick. */
export async function forceTick(client: Client, queue: string): Promise<TickId | null> {
  const row = await client.first<{ tick: TickId | null }>('select pgq.force_tick($1)::bigint as tick', [
    queue,
  ]);
  return row?.tick ?? null;
}

const TICK_ATTEMPTS = 3;

/** Creates a tick on the provider and returns its id. Every change that is already committed comes before it. */
export async function makeTick(provider: Client, queue: string): Promise<TickId> {
  for (let attempt = 0; attempt < TICK_ATTEMPTS; attempt += 1) {
    const last = await forceTick(provider, queue);
    // Null if another ticker was faster; then its tick is the last one at the next attempt, and may be too old.
    const made = await tickQueue(provider, queue);
    if (made !== null && made > (last ?? 0n)) return made;
  }
  throw new PgtideError('state', `${provider.node}: queue ${queue} makes no tick`, {
    remedy: `check that queue ${queue} exists there and that its ticker is not paused`,
  });
}
