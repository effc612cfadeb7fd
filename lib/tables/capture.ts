import type { Client } from '../db/client.ts';

/** Makes the capture anew on those of `tables` where a trigger of it is missing or disabled. Returns their names. */
export async function mendCapture(
  client: Client,
  queue: string,
  tables: readonly string[],
): Promise<string[]> {
  const broken = await client.query<{ name: string }>(
    `select distinct table_name as name from pgtide.capture_problems($1)
      where code in ('trigger-missing', 'trigger-disabled') and table_name = any ($2::text[]) order by 1`,
    [queue, tables],
  );
  for (const { name } of broken) {
    await client.query('select pgtide.drop_capture($1, londiste.find_table_oid($2))', [queue, name]);
    await client.query('select pgtide.create_capture($1, londiste.find_table_oid($2), $2)', [queue, name]);
  }
  return broken.map(({ name }) => name);
}

/** A new partition needs triggers; its writers are not kept waiting longer than this for them. */
const LOCK_TIMEOUT_MS = 2_000;

/** Brings captures up to the present shapes of their tables. Returns the names of those that had changed. */
export function refreshCapture(client: Client, queue: string): Promise<string[]> {
  return client.transaction({ lockTimeoutMs: LOCK_TIMEOUT_MS }, async () => {
    const rows = await client.query<{ name: string }>('select pgtide.refresh_capture($1) as name', [queue]);
    return rows.map(({ name }) => name);
  });
}

export interface CaptureProblem {
  table: string;
  code: string;
  message: string;
  remedy: string;
}

/** What keeps changes of the queue's tables from being captured. */
export function listCaptureProblems(client: Client, queue: string): Promise<CaptureProblem[]> {
  return client.query<CaptureProblem>(
    'select table_name as "table", code, message, remedy from pgtide.capture_problems($1)',
    [queue],
  );
}
