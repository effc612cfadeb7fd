import type { Client } from '../db/client.ts';
import { removeLocalTable } from '../node/table-set.ts';
import { briefly } from './locking.ts';

export interface LeavingTable {
  table: string;
  partitions: readonly number[];
  /** False: it has left already, and some of its capture is there still. */
  member: boolean;
}

/**
 * Takes a table off a queue on its root. A partitioned one leaves the queue first, and its capture is taken off partition by partition
 * afterwards: what is captured until then is of no table of the queue, and all who read it skip it. The other way round, changes from
 * before the removal would be missing.
 */
export async function removeRootTable(
  root: Client,
  queue: string,
  { table, partitions, member }: LeavingTable,
): Promise<void> {
  if (member && (partitions.length === 0 || (await hasOwnLondiste(root))))
    return briefly(root, () => removeLocalTable(root, queue, table));
  if (member) await root.query('select londiste._leave_set($1, $2)', [queue, table]);
  for (const relation of partitions)
    await briefly(root, () =>
      root.query('select pgtide.drop_capture($1, londiste.find_table_oid($2), $3::int8::oid)', [
        queue,
        table,
        relation,
      ]),
    );
  await briefly(root, () =>
    root.query(
      'select pgtide.drop_capture($1, londiste.find_table_oid($2)), londiste.drop_table_triggers($1, $2)',
      [queue, table],
    ),
  );
}

/** True where schema londiste is that of the real extension, which lacks our functions. */
async function hasOwnLondiste(client: Client): Promise<boolean> {
  const found = await client.first("select from pg_catalog.pg_extension where extname = 'londiste'");
  return found !== undefined;
}
