import type { Client } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';
import { pinSession } from '../db/pinned-settings.ts';
import type { SavedKind } from '../states.ts';

/** An index or constraint that was dropped for a table's copy and can be restored now. */
export interface PendingRestore {
  table: string;
  kind: SavedKind;
  name: string;
}

export function listPendingRestores(subscriber: Client, queue: string): Promise<PendingRestore[]> {
  return subscriber.query<PendingRestore>(
    'select table_name as "table", kind, object_name as name from pgtide.pending_restores($1)',
    [queue],
  );
}

export type RestoreResult = 'restored' | 'begun' | 'busy' | 'failed' | 'gone';

/**
 * Restores one object. It is sent as one message, which the server executes up to its commit even if this run ends and its
 * connection closes meanwhile. A later run then finds it done, or busy.
 */
export async function restoreObject(
  subscriber: Client,
  queue: string,
  pending: PendingRestore,
): Promise<RestoreResult> {
  const values = [queue, pending.table, pending.kind, pending.name].map(quoteLiteral).join(', ');
  try {
    const results = await subscriber.script(
      `begin read write; ${pinSession}; set local statement_timeout = 0; set local lock_timeout = ${LOCK_TIMEOUT_MS};
       select pgtide.restore_object(${values}) as result; commit`,
    );
    return results.at(-2)?.[0]?.result as RestoreResult;
  } catch (error) {
    await subscriber.script('rollback').catch(() => undefined);
    throw error;
  }
}

const LOCK_TIMEOUT_MS = 5_000;

/** Marks for replay the tables of which everything is restored. Returns their names. */
export async function finishRestores(subscriber: Client, queue: string): Promise<string[]> {
  const rows = await subscriber.query<{ table: string }>(
    'select t as "table" from pgtide.finish_restores($1) t',
    [queue],
  );
  return rows.map((row) => row.table);
}
