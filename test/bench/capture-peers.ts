/** The peers of capture: no trigger at all, and the row triggers that PgQ's extension has in C. */
import { allowPgq, type BenchDatabase } from './database.ts';

export const NONE = 'none';
export const C_TRIGGER = "PgQ's C trigger";

/** Creates the extension, the queue, and a trigger on each table. `logutriga` is the trigger that Londiste creates. */
export async function captureWithPgq(
  database: BenchDatabase,
  { queue, tables, trigger = 'logutriga' }: PgqCapture,
): Promise<void> {
  const triggers = tables.map(
    (table) => `create trigger capture after insert or update or delete on ${table}
      for each row execute procedure pgq.${trigger}('${queue}')`,
  );
  await database.administer(
    `create extension pgq; select pgq.create_queue('${queue}'); ${triggers.join(';')}`,
  );
  await allowPgq(database);
}

export interface PgqCapture {
  queue: string;
  tables: readonly string[];
  trigger?: 'logutriga' | 'jsontriga';
}
