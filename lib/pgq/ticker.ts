import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';

/**
 * Ticks the queue if it is due. Null: it was not. Two at once wait for each other in the database, which works in READ
 * COMMITTED alone, whatever the role's default is.
 */
export async function tickQueue(client: Client, queue: string): Promise<TickId | null> {
  const tick = () => client.first<{ tick: TickId | null }>('select pgq.ticker($1)::bigint as tick', [queue]);
  const row = await (client.inTransaction ? tick() : client.transaction({}, tick));
  return row?.tick ?? null;
}

/** Makes the next call of the ticker tick whatever its limits say. Returns the last tick as it is now. */
export async function forceTick(client: Client, queue: string): Promise<TickId | null> {
  const row = await client.first<{ tick: TickId | null }>('select pgq.force_tick($1)::bigint as tick', [
    queue,
  ]);
  return row?.tick ?? null;
}

const TICK_ATTEMPTS = 3;

/** Makes a tick on the provider and returns its id: every change that is committed now comes before it. */
export async function makeTick(provider: Client, queue: string): Promise<TickId> {
  for (let attempt = 0; attempt < TICK_ATTEMPTS; attempt += 1) {
    const last = await forceTick(provider, queue);
    // Null when another ticker was quicker; then its tick is the last one at the next attempt, and may be too old.
    const made = await tickQueue(provider, queue);
    if (made !== null && made > (last ?? 0n)) return made;
  }
  throw new PgtideError('state', `${provider.node}: queue ${queue} makes no tick`, {
    remedy: `check that queue ${queue} exists there and that its ticker is not paused`,
  });
}
