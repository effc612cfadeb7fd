/** Reads rows of a table for status. */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { type Reader, tableReader } from '../node/table-reader.ts';

/** Longest wait for a lock of another session, and for the response, so that status does not hang. */
const LOCK_MS = 200;
const STATEMENT_MS = 5_000;

/**
 * Returns undefined if the table cannot be read now: it is locked, or reading it would run code of its owner. A lost connection is
 * an error.
 */
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
