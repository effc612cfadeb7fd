import type { Client } from '../db/client.ts';
import { hasState, isBeyondLimit } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Copy } from './copy-work.ts';

/**
 * Sets aside a table whose own rows or shape made the copy fail, with the reason, so that other tables are copied. The table waits
 * for an operator's resync. Returns false if the error does not concern the table (a lost connection, a lock, a missing privilege),
 * or if the policy is to stop.
 */
export async function setAside(
  copy: Copy,
  subscriber: Client,
  table: string,
  error: unknown,
): Promise<boolean> {
  if (!copy.setsAside || !(error instanceof PgtideError)) return false;
  const ofTable = error.kind === 'apply' || error.kind === 'schema' || isBeyondLimit(error);
  if (!ofTable && !hasState(error, 'TD002')) return false;
  await subscriber.query('select pgtide.set_aside($1, $2, $3)', [copy.queue, table, error.message]);
  copy.onSetAside(table);
  return true;
}
