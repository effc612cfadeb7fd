import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';

const lockHoldersSql = sqlText('capture/lock-holders.sql');

/**
 * Describes, for an error message, the sessions whose locks prevent a change of the triggers of these tables or of their partitions.
 * Readers do not prevent the creation of a trigger, but they prevent its removal (`readersToo`).
 */
export async function describeLockHolders(
  client: Client,
  tables: readonly string[],
  { readersToo }: { readersToo: boolean },
): Promise<string> {
  const holders = await client.query<{ text: string }>(lockHoldersSql, [tables, readersToo]);
  return holders.map(({ text }) => text).join('; ') || 'no session any more';
}
