import type { Client } from '../db/client.ts';

/** Ends a table's copy on a subscriber as it is: what was taken away for it is put back. Nothing when there is none. */
export async function abandonCopy(client: Client, queue: string, table: string): Promise<void> {
  await client.query('select pgtide.abandon_copy($1, $2)', [queue, table]);
}

/** Takes a table out of replay, with the reason, until its copy begins again. */
export async function setTableAside(
  client: Client,
  queue: string,
  { table, reason }: { table: string; reason: string },
): Promise<void> {
  await client.query('select pgtide.set_aside($1, $2, $3)', [queue, table, reason]);
}

/** Lets a table's copy begin again: a new generation, without chunks and errors. */
export async function resetCopy(client: Client, queue: string, table: string): Promise<void> {
  await client.query('select pgtide.reset_copy($1, $2)', [queue, table]);
}
