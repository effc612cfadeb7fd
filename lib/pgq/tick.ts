import type { Client } from '../db/client.ts';
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
