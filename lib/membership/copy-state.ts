import type { Client } from '../db/client.ts';

/**
 * Ends a table's copy on a subscriber in its current state: the objects that were dropped for the copy are restored. Does nothing if there
 * is no copy.
 */
export async function abandonCopy(client: Client, queue: string, table: string): Promise<void> {
  await client.query('select pgtide.abandon_copy($1, $2)', [queue, table]);
}

/** Excludes a table from replay, with the reason, until its copy begins again. */
export async function setTableAside(
  client: Client,
  queue: string,
  { table, reason }: { table: string; reason: string },
): Promise<void> {
  await client.query('select pgtide.set_aside($1, $2, $3)', [queue, table, reason]);
}

/** Returns the tables that are set aside, with the reason. */
export async function listSetAside(client: Client, queue: string): Promise<Map<string, string>> {
  const rows = await client.query<{ name: string; error: string }>(
    'select table_name as name, error from pgtide.table_state where queue_name = $1 and error is not null',
    [queue],
  );
  return new Map(rows.map(({ name, error }) => [name, error]));
}

/** Lets a table's copy begin again: a new generation, without chunks and errors. */
export async function resetCopy(client: Client, queue: string, table: string): Promise<void> {
  await client.query('select pgtide.reset_copy($1, $2)', [queue, table]);
}
