/** A database whose tables are captured into a queue, and the events of it. */
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres } from './database.ts';

export interface CapturedEvent {
  op: string;
  pkey: string[];
  data: Record<string, unknown>;
  old: Record<string, unknown> | null;
}

/** A database with a queue and these tables, which are captured into it. */
export async function captured(
  version: number,
  setUp: string,
  tables: string[],
  story: (client: Client) => Promise<void>,
): Promise<void> {
  const database = await createDatabase(await postgres(version), { installed: true });
  await database.client(async (client) => {
    await client.query("select pgq.create_queue('shop')");
    await client.query(setUp);
    for (const table of tables)
      await client.query(
        'select pgtide.create_capture($1, $2::text::regclass, pgtide.table_name($2::text::regclass))',
        ['shop', table],
      );
    await story(client);
  });
}

/** The events in order; of one table, if it is named. */
export async function events(client: Client, table?: string): Promise<CapturedEvent[]> {
  const rows = await client.query<{ ev_type: string; ev_data: string; ev_extra2: string | null }>(
    'select ev_type, ev_data, ev_extra2 from pgtide.stored_events() where $1::text is null or ev_extra1 = $1 order by ev_id',
    [table ?? null],
  );
  return rows.map((row) => {
    if (row.ev_type === 'R') return { op: 'TRUNCATE', pkey: [], data: {}, old: null };
    const type = JSON.parse(row.ev_type) as { op: string; pkey: string[] };
    return {
      op: type.op,
      pkey: type.pkey,
      data: JSON.parse(row.ev_data),
      old: row.ev_extra2 ? JSON.parse(row.ev_extra2) : null,
    };
  });
}

/** Operation and values of each event. */
export const short = (list: CapturedEvent[]) =>
  list.map((event) => `${event.op} ${Object.values(event.data).join(',')}`);
