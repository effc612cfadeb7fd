/** How status reads rows of a table. */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { type Reader, tableReader } from '../node/table-reader.ts';

/** Longest wait for a lock that somebody has, and for the answer: status does not hang. */
const LOCK_MS = 200;
const STATEMENT_MS = 5_000;

/** Undefined where the table cannot be read now: it is locked, or code of its owner is in the way. A lost connection is an error. */
export async function lookInto<T>(
  client: Client,
  table: bigint,
  look: (reader: Reader) => Promise<T>,
): Promise<T | undefined> {
  try {
    const reader = await tableReader(client, table);
    if (!reader) return undefined;
    return await client.transaction(
      { readOnly: true, lockTimeoutMs: LOCK_MS, statementTimeoutMs: STATEMENT_MS },
      () => look(reader),
    );
  } catch (error) {
    if (!(error instanceof PgtideError) || error.kind === 'connection') throw error;
    return undefined;
  }
}
