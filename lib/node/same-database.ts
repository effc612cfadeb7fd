import { randomBytes } from 'node:crypto';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';

/**
 * True when two connections lead to one database, whatever their URLs look like. Advisory locks are the database's own:
 * a lock on a random number, held by one connection, is seen by the other one exactly if it is the same database.
 * System identifiers do not tell: a database restored from the other's snapshot has the same one.
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

/** Two nodes of a queue are two databases: compared with itself, a database would be found equal. */
export async function refuseSameDatabase(one: Client, other: Client): Promise<void> {
  if (await isSameDatabase(one, other))
    throw new PgtideError('input', `${one.node} and ${other.node} are the same database`, {
      remedy: 'each node of a queue needs a database of its own; correct their urls in the configuration',
    });
}
