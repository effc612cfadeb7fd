/** A root whose captured table's rows are in row tables. */
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, type ServerAddress, type TestDatabase } from './database.ts';
import { makeRoot } from './node.ts';
import { tickNow } from './queue.ts';

export type RowStory = (client: Client, queue: string, database: TestDatabase) => Promise<void>;

/** A root with a captured table t, which `setUp` creates, and a consumer. */
export async function withRowTable(server: ServerAddress, setUp: string, story: RowStory): Promise<void> {
  const database = await createDatabase(server, { owner: 'app' });
  await database.client(async (client) => {
    await install(client);
    const queue = await makeRoot(client);
    await client.query(setUp);
    await client.query(`select londiste.local_add_table($1, 'public.t', '{pgtide}')`, [queue]);
    await tickNow(client, queue);
    await client.query(
      `select pgq.register_consumer($1, 'reader'), pgq.unregister_consumer($1, '.global_watermark')`,
      [queue],
    );
    await story(client, queue, database);
  });
}

/** Names of all row tables. */
export const rowTables = async (client: Client): Promise<string[]> => {
  const rows = await client.query<{ name: string }>(
    `select relname::text as name from pg_class where relnamespace = 'pgq'::regnamespace and relkind = 'r' and relname like 'rows\\_%' order by 1`,
  );
  return rows.map(({ name }) => name);
};

/** Numbers of filled row tables, and of events of table t in event tables. */
export const stored = (client: Client) =>
  client.first<{ tables: number; events: number }>(
    `select (select count(*) from pgq.row_table r, pgq._row_tables(r.rt_queue, null, true) t where t.rt_id = r.rt_id)::int as tables,
            (select count(*)::int from pgq.event_1 where ev_extra1 = 'public.t') as events`,
  );

/** What maintenance does for the captures. */
export async function refresh(client: Client): Promise<unknown[]> {
  await client.query('select pgtide.retire_row_tables(queue_name) from pgq.queue');
  return client.query('select pgtide.refresh_capture(queue_name) from pgq.queue');
}

export async function rotate(client: Client): Promise<void> {
  await client.query(`update pgq.queue set queue_rotation_period = '0'`);
  await client.query('select pgq.maint_rotate_tables_step1(queue_name) from pgq.queue');
  await client.query('select pgq.maint_rotate_tables_step2()');
}
