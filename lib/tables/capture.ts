import type { Client } from '../db/client.ts';

/**
 * The queue's tables whose followers miss changes: a trigger is missing or disabled, or another table has taken the name. A new
 * partition is not among them: it comes under the capture of its table as maintain finds it.
 */
export async function listUncaptured(client: Client, queue: string): Promise<string[]> {
  const problems = await listCaptureProblems(client, queue);
  const lossy = new Set(['trigger-missing', 'trigger-disabled', 'table-replaced']);
  const broken = problems.filter(({ code }) => lossy.has(code));
  return [...new Set(broken.map(({ table }) => table))];
}

/** Makes the capture of tables anew, in the form that it had; a partition that follows alone has row triggers. */
export async function mendCapture(client: Client, queue: string, tables: readonly string[]): Promise<void> {
  for (const name of tables) {
    await client.query('select pgtide.drop_capture($1, londiste.find_table_oid($2))', [queue, name]);
    await client.query(
      `select case when c.relispartition then (select ret_code from londiste.create_trigger($1, $2, '{}', $2, 'root'))
                   else pgtide.create_capture($1, c.oid, $2) end
         from pg_catalog.pg_class c where c.oid = londiste.find_table_oid($2)`,
      [queue, name],
    );
  }
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
