import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { describeLockHolders } from './lock-holders.ts';

/** Whoever waits for a lock is waited for by all who come later, so no wait is longer than this. */
const LOCK_TIMEOUT_MS = 5_000;
const ATTEMPTS = 3;

export function lockTimeoutMs(budget: Budget): number {
  return Math.max(1, Math.min(LOCK_TIMEOUT_MS, budget.remainingMs() / ATTEMPTS));
}

/**
 * Runs `work`, which changes triggers of `tables`, in a transaction that gives way to long writers: it is tried a few times,
 * and then says who holds the locks. `work` is begun anew each time, after everything was rolled back.
 */
export async function lockingTransaction<T>(
  client: Client,
  { tables, budget }: { tables: readonly string[]; budget: Budget },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.transaction({ lockTimeoutMs: lockTimeoutMs(budget) }, work);
    } catch (error) {
      if (!(error instanceof PgtideError) || error.kind !== 'busy') throw error;
      const holders = await describeLockHolders(client, tables);
      if (attempt < ATTEMPTS) continue;
      throw new PgtideError(
        'busy',
        `${error.message}; tried ${attempt} times; the lock is held by: ${holders}`,
        { remedy: 'let that transaction end, or end it, and try again; nothing was changed', cause: error },
      );
    }
  }
}
