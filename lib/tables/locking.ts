import { setTimeout as pause } from 'node:timers/promises';
import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { describeLockHolders } from './lock-holders.ts';

/** Whoever waits for a lock is waited for by all who come later, so no wait is longer than this. */
const LOCK_TIMEOUT_MS = 5_000;
/**
 * All tables are locked within this, or none. It is below PostgreSQL's deadlock_timeout (1 s): where writers lock the same
 * tables in another order, we give way before the server makes one of them a victim.
 */
const LOCK_ALL_MS = 800;
const ATTEMPTS = 30;
const LONGEST_PAUSE_MS = 400;

export function lockTimeoutMs(budget: Budget): number {
  return Math.max(1, Math.min(LOCK_TIMEOUT_MS, budget.remainingMs() / 3));
}

/**
 * Runs `work`, which changes triggers of `tables`, in a transaction that has locked them all, and that gives way to writers:
 * it is tried again and again for some twenty seconds, and then says who holds the locks. `work` begins again each time,
 * after everything was rolled back.
 */
export async function lockingTransaction<T>(
  client: Client,
  { tables, budget }: { tables: readonly string[]; budget: Budget },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.transaction({ lockTimeoutMs: lockTimeoutMs(budget) }, async () => {
        await lockTables(client, tables);
        return work();
      });
    } catch (error) {
      if (!(error instanceof PgtideError) || error.kind !== 'busy') throw error;
      if (attempt < ATTEMPTS && budget.allows(LOCK_TIMEOUT_MS)) {
        await pause(LONGEST_PAUSE_MS * Math.random());
        continue;
      }
      const holders = await describeLockHolders(client, tables);
      throw new PgtideError(
        'busy',
        `${error.message}; tried ${attempt} times; the lock is held by: ${holders}`,
        { remedy: 'let that transaction end, or end it, and try again; nothing was changed', cause: error },
      );
    }
  }
}

/** The locks that CREATE TRIGGER and DROP TRIGGER take, of all tables at once. Passes over what is not there or may not be locked. */
async function lockTables(client: Client, tables: readonly string[]): Promise<void> {
  const found = await client.first<{ list: string | null }>(
    `select string_agg(t.oid::regclass::text, ', ' order by t.oid) as list
       from (select londiste.find_table_oid(name) as oid from unnest($1::text[]) name) t
      where has_table_privilege(t.oid, 'UPDATE, DELETE, TRUNCATE')`,
    [tables],
  );
  if (!found?.list) return;
  await client.query(`set local statement_timeout = ${LOCK_ALL_MS}`);
  await client.query(`lock table ${found.list} in share row exclusive mode`);
  await client.query('set local statement_timeout = 0');
}
