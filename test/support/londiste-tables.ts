/** Questions that tests ask about the tables of a queue in schema londiste. */
import type { Client } from '../../lib/db/client.ts';
import { ask } from './node.ts';
import { consume, tickNow } from './queue.ts';

/** What a function answers: code and note. */
export async function code(client: Client, name: string, ...args: unknown[]) {
  const { ret_code, ret_note } = await ask(client, name, ...args);
  return [ret_code, ret_note];
}

export const tables = (client: Client, queue: string) =>
  client.query('select * from londiste.get_table_list($1)', [queue]);

/** The names of the table's triggers. */
export async function triggers(client: Client, table: string) {
  const rows = await client.query<{ name: string }>(
    `select t.tgname as name from pg_trigger t where t.tgrelid = londiste.find_table_oid($1) and not t.tgisinternal order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Makes a tick, and reads the events before it as the consumer "reader": type, data and first extra field of each. */
export async function events(client: Client, queue: string) {
  await tickNow(client, queue);
  return (await consume(client, queue, 'reader')).map((e) => [e.ev_type, e.ev_data, e.ev_extra1]);
}
