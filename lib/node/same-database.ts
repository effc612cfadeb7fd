import { randomBytes } from 'node:crypto';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';

/**
 * Returns whether two connections lead to one database, whatever their URLs are. Advisory locks are local to a database: if one connection
 * holds a lock on a random number, the other one sees it exactly if it is connected to the same database. System identifiers do not
 * distinguish databases: a database that was restored from the other's snapshot has the same one.
 */
async function isSameDatabase(one: Client, other: Client): Promise<boolean> {
  const key = randomBytes(8).readBigInt64BE();
  return one.transaction({}, async () => {
    await one.query('select pg_catalog.pg_advisory_xact_lock($1)', [key]);
    return other.transaction({}, async () => {
      const row = await other.first<{ free: boolean }>(
        'select pg_catalog.pg_try_advisory_xact_lock($1) as free',
        [key],
      );
      return row?.free === false;
    });
  });
}

/** Refuses two nodes of a queue that are the same database: a comparison of a database with itself would find no difference. */
export async function refuseSameDatabase(one: Client, other: Client): Promise<void> {
  if (await isSameDatabase(one, other))
    throw new PgtideError('input', `${one.node} and ${other.node} are the same database`, {
      remedy: 'each node of a queue needs a database of its own; correct their urls in the configuration',
    });
}
