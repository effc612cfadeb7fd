import type { Client } from '../db/client.ts';

/** Returns the tables that have joined a leaf before its root captures them (pgtide.member_change). */
export async function listJoining(leaf: Client, queue: string): Promise<string[]> {
  const rows = await leaf.query<{ name: string }>(
    `select table_name as name from pgtide.member_change where queue_name = $1 and change = 'joining' order by 1`,
    [queue],
  );
  return rows.map(({ name }) => name);
}

/** Returns the tables whose removal was replayed but could not be completed, with the error. */
export function listLeaving(leaf: Client, queue: string): Promise<{ name: string; error: string }[]> {
  return leaf.query(
    `select table_name as name, error from pgtide.member_change where queue_name = $1 and change = 'leaving' order by 1`,
    [queue],
  );
}

/** Marks tables as joining: the root does not have them yet. Call it in the transaction that adds them. */
export async function noteJoining(leaf: Client, queue: string, tables: readonly string[]): Promise<void> {
  await leaf.query(
    `insert into pgtide.member_change (queue_name, table_name, change)
     select $1, name, 'joining' from unnest($2::text[]) name on conflict do nothing`,
    [queue, tables],
  );
}

/**
 * Clears the joining mark of these tables, which the root has now. Other tables may be joining through another call, or through one that
 * has ended.
 */
export async function forgetJoining(leaf: Client, queue: string, tables: readonly string[]): Promise<void> {
  await leaf.query(
    `delete from pgtide.member_change where queue_name = $1 and change = 'joining' and table_name = any ($2::text[])`,
    [queue, tables],
  );
}

/** Completes the removal of a table that the root has removed, if nothing prevents it any more. Returns whether the table is gone. */
export async function completeRemoval(leaf: Client, queue: string, table: string): Promise<boolean> {
  const row = await leaf.first<{ gone: boolean }>('select pgtide.apply_removal($1, $2) as gone', [
    queue,
    table,
  ]);
  return row?.gone === true;
}
