/** A pair whose queue takes any event, and the subscriber's handling of events that it cannot apply. */
import { status } from '../../lib/units/status.ts';
import { pgtide, writeConfig } from './command-line.ts';
import { addTables, followUntilSynced } from './follow.ts';
import { type InstalledPair, installedPair } from './unit-context.ts';

/** Two tables in step, `t` and `u`; `tuning` is part of the queue's configuration. */
export async function shopWith(tuning: Record<string, unknown> = {}): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 15, subscriber: 10 }, tuning);
  await pair.both('create table t (id int primary key, v text); create table u (id int primary key, v text)');
  await addTables(pair, ['t', 'u']);
  await followUntilSynced(pair);
  return pair;
}

/** Runs a statement on the provider. */
export const write = (pair: InstalledPair, sql: string, values: unknown[] = []) =>
  pair.old.client((client) => client.query(sql, values));

/** Sends an event with this type, data and extra fields; returns its id. */
export async function send(pair: InstalledPair, ...fields: (string | null)[]): Promise<bigint> {
  const [type = null, data = null, ...extra] = fields;
  const [row] = await pair.old.client((client) =>
    client.query<{ id: bigint }>(`select pgq.insert_event('shop', $1, $2, $3, $4, $5, $6) as id`, [
      type,
      data,
      ...[0, 1, 2, 3].map((i) => extra[i] ?? null),
    ]),
  );
  return row?.id ?? 0n;
}

/** The id of an event that was rolled back: replay never meets it. */
export async function burn(pair: InstalledPair): Promise<bigint> {
  const [row] = await pair.old.client((client) =>
    client.query<{ id: bigint }>(
      `select nextval(q.queue_event_seq::regclass) as id from pgq.queue q where q.queue_name = 'shop'`,
    ),
  );
  return row?.id ?? 0n;
}

/** The events that the subscriber keeps, and those whose pass waits until replay meets them. */
export const aside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ id: bigint; state: string; reason: string; type: string | null; data: string | null }>(
      'select ev_id as id, state, reason, ev_type as type, ev_data as data from pgtide.unhandled_event order by 1',
    ),
  );

/** What status reports of the subscriber. */
export async function problems(pair: InstalledPair) {
  const { result } = await status(pair.shop.context('old'), {});
  return { healthy: result.healthy, problems: result.queues[0]?.nodes[1]?.problems ?? [] };
}

/** The tables that are set aside, with their reasons. */
export const setAside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ name: string; error: string }>(
      'select table_name as name, error from pgtide.table_state where error is not null order by 1',
    ),
  );

/** Runs `pgtide` with these two nodes; `tuning` as for `shopWith`, in YAML. */
export function commands(pair: InstalledPair, tuning = '', oldUrl = pair.old.url) {
  const config = writeConfig(
    `nodes:\n  old: { url: "${oldUrl}" }\n  new: { url: "${pair.new.url}" }\nqueues:\n  shop: { root: old, leaves: [new]${tuning} }\n`,
  );
  return (...args: string[]) => pgtide(args, { PGTIDE_CONFIG: config });
}

/** The type of a row event. */
export const row = (op: string, table: string) =>
  `{"op":"${op}","table":["public","${table}"],"pkey":["id"]}`;
