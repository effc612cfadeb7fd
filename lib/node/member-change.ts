import type { Client } from '../db/client.ts';

/** Tables that have joined a leaf before its root captures them: pgtide.member_change. */
export async function listJoining(leaf: Client, queue: string): Promise<string[]> {
  const rows = await leaf.query<{ name: string }>(
    `select table_name as name from pgtide.member_change where queue_name = $1 and change = 'joining' order by 1`,
    [queue],
  );
  return rows.map(({ name }) => name);
}

/** Tables whose removal was replayed, with what keeps them from going. */
export function listLeaving(leaf: Client, queue: string): Promise<{ name: string; error: string }[]> {
  return leaf.query(
    `select table_name as name, error from pgtide.member_change where queue_name = $1 and change = 'leaving' order by 1`,
    [queue],
  );
}

/** In the transaction that adds them: the root does not have these tables yet. */
export async function noteJoining(leaf: Client, queue: string, tables: readonly string[]): Promise<void> {
  await leaf.query(
    `insert into pgtide.member_change (queue_name, table_name, change)
     select $1, name, 'joining' from unnest($2::text[]) name on conflict do nothing`,
    [queue, tables],
  );
}

/** The root has these tables now. Others may be joining by another call, or by one that has ended. */
export async function forgetJoining(leaf: Client, queue: string, tables: readonly string[]): Promise<void> {
  await leaf.query(
    `delete from pgtide.member_change where queue_name = $1 and change = 'joining' and table_name = any ($2::text[])`,
    [queue, tables],
  );
}

/** Lets a table go that the root has removed, if nothing stands in the way any more. */
export async function letLeave(leaf: Client, queue: string, table: string): Promise<boolean> {
  const row = await leaf.first<{ gone: boolean }>('select pgtide.let_leave($1, $2) as gone', [queue, table]);
  return row?.gone === true;
}
