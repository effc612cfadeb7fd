import { briefly, lockTree } from '../capture/table-locks.ts';
import type { Client } from '../db/client.ts';
import { removeLocalTable } from './member-tables.ts';

export interface LeavingTable {
  table: string;
  partitions: readonly number[];
  /** False if the table has left already, and parts of its capture remain. */
  member: boolean;
}

/**
 * Removes a table from a queue on its root. A partitioned table leaves the queue first; then its capture is dropped partition by partition.
 * Events that are captured meanwhile belong to no table of the queue, and all readers skip them. In the opposite order, changes from before
 * the removal would be missing.
 */
export async function removeRootTable(
  root: Client,
  queue: string,
  { table, partitions, member }: LeavingTable,
): Promise<void> {
  if (member && (partitions.length === 0 || (await hasOwnLondiste(root))))
    return briefly(root, async () => {
      if (await isMember(root, queue, table)) await removeLocalTable(root, queue, table);
    });
  if (member && (await isMember(root, queue, table)))
    await root.query('select londiste._leave_set($1, $2)', [queue, table]);
  for (const relation of partitions)
    await briefly(root, () =>
      root.query('select pgtide.drop_capture($1, londiste.find_table_oid($2), $3::int8::oid)', [
        queue,
        table,
        relation,
      ]),
    );
  await briefly(root, async () => {
    const row = await root.first<{ reaches: boolean }>(
      'select pgtide.reaches_partitions($1, londiste.find_table_oid($2)) as reaches',
      [queue, table],
    );
    if (row?.reaches) await lockTree(root, table, 'access exclusive');
    await root.query(
      'select pgtide.drop_capture($1, londiste.find_table_oid($2)), londiste.drop_table_triggers($1, $2)',
      [queue, table],
    );
  });
}

/** False if another call has removed the table meanwhile. */
async function isMember(root: Client, queue: string, table: string): Promise<boolean> {
  const found = await root.first(
    'select from londiste.table_info where queue_name = $1 and table_name = $2 and local for update',
    [queue, table],
  );
  return found !== undefined;
}

/** Returns whether the schema londiste belongs to the real extension, which lacks pgtide's functions. */
async function hasOwnLondiste(client: Client): Promise<boolean> {
  const found = await client.first("select from pg_catalog.pg_extension where extname = 'londiste'");
  return found !== undefined;
}
