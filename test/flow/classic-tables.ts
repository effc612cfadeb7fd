/** Tables of a pair whose capture is PgQ's row triggers, as Londiste creates them. */
import { addTables } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import type { InstalledPair } from '../support/unit-context.ts';

export const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

/** Adds tables to the queue with these arguments of `londiste.local_add_table`, and adds them on the leaf. */
export async function addClassic(pair: InstalledPair, triggers: Record<string, string[]>): Promise<void> {
  await pair.old.client(async (client) => {
    for (const [table, args] of Object.entries(triggers))
      await demand(client, 'londiste.local_add_table', 'shop', `public.${table}`, args);
  });
  await addTables(
    pair,
    Object.keys(triggers).map((table) => `public.${table}`),
  );
}

export const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      'select table_name as "table", error from pgtide.table_state where error is not null order by 1',
    ),
  );
