import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import { briefly, lockTree } from './table-locks.ts';

/**
 * Returns the queue's tables of which changes are lost: a trigger is missing or disabled, or another table has taken the name. A new
 * partition is not among them: maintain finds it and adds it to the capture of its table.
 */
export async function listUncaptured(client: Client, queue: string): Promise<string[]> {
  const problems = await listCaptureProblems(client, queue);
  const lossy = new Set(['trigger-missing', 'trigger-disabled', 'table-replaced']);
  const broken = problems.filter(({ code }) => lossy.has(code));
  return [...new Set(broken.map(({ table }) => table))];
}

/** Creates the capture of a table again, in the same form as before. A partition that follows alone has row triggers. */
export async function repairCapture(client: Client, queue: string, table: string): Promise<void> {
  await client.query('select pgtide.drop_capture($1, londiste.find_table_oid($2))', [queue, table]);
  await client.query(
    `select case when c.relispartition then (select ret_code from londiste.create_trigger($1, $2, '{}', $2, 'root'))
                 else pgtide.create_capture($1, c.oid, $2) end
       from pg_catalog.pg_class c where c.oid = londiste.find_table_oid($2)`,
    [queue, table],
  );
}

/**
 * Replaces the triggers that the real extension has created on a table that has just become a member: they write another form and need a
 * key. A partition that is added alone keeps them, because a statement on the table above it does not fire the partition's statement
 * triggers.
 */
export async function replaceTriggers(client: Client, queue: string, table: string): Promise<void> {
  await client.query(
    `select londiste.drop_table_triggers($1, $2), pgtide.create_capture($1, c.oid, $2)
       from pg_catalog.pg_extension, pg_catalog.pg_class c
      where extname = 'londiste' and c.oid = londiste.find_table_oid($2) and not c.relispartition`,
    [queue, table],
  );
}

/** Guards a table of a leaf against all writes except those of replay, as addLeafTable does, before the table is a member. */
export async function guardTable(client: Client, queue: string, table: string): Promise<void> {
  await client.query('select pgtide.create_deny($1, londiste.find_table_oid($2))', [queue, table]);
}

/** Returns the OIDs of all partitions below each of these tables that has partitions. */
export async function listPartitions(
  client: Client,
  tables: readonly string[],
): Promise<Map<string, number[]>> {
  const rows = await client.query<{ name: string; relations: number[] }>(
    `select n.name, array(select p.relation::int8::float8 from pgtide.table_tree(c.oid) as p (relation)
                           where p.relation <> c.oid order by 1) as relations
       from unnest($1::text[]) n (name)
       join pg_catalog.pg_class c on c.oid = londiste.find_table_oid(n.name) and c.relkind = 'p'`,
    [tables],
  );
  return new Map(rows.map(({ name, relations }) => [name, relations]));
}

const leftCapturesSql = sqlText('capture/left-captures.sql');

/**
 * Returns the tables that have triggers of the queue's capture and are not members: they have left the queue, or have not joined it yet. A
 * call that ended between two partitions leaves such triggers.
 */
export async function listLeftCaptures(client: Client, queue: string): Promise<string[]> {
  const rows = await client.query<{ name: string }>(leftCapturesSql, [queue]);
  return rows.map(({ name }) => name);
}

/**
 * Captures the partitions of a table that is to be added, each in a separate transaction. Until the table is in the queue, all readers skip
 * the events of these partitions.
 */
export async function capturePartitions(
  client: Client,
  queue: string,
  { table, partitions }: { table: string; partitions: readonly number[] },
): Promise<void> {
  const guard = await client.first<{ wanted: boolean }>(
    'select pgtide.needs_guard(londiste.find_table_oid($1)) as wanted',
    [table],
  );
  if (guard?.wanted)
    await briefly(client, async () => {
      await lockTree(client, table, 'share row exclusive');
      await client.query('select pgtide.guard_partitions($1, londiste.find_table_oid($2))', [queue, table]);
    });
  for (const relation of partitions)
    await briefly(client, () =>
      client.query('select pgtide.create_capture($1, londiste.find_table_oid($2), $2, null, $3::int8::oid)', [
        queue,
        table,
        relation,
      ]),
    );
}

/** Writers of a new partition wait at most this long while its triggers are created. */
const LOCK_TIMEOUT_MS = 2_000;

/** The configuration of a queue's captures. */
export interface CaptureSettings {
  captureReplicaWrites: boolean;
}

/**
 * Adapts the captures of a queue to the current shapes of their tables and to the configuration, and drops row tables that are not used
 * any more. Returns the names of the tables whose capture has changed.
 */
export async function refreshCapture(
  client: Client,
  queue: string,
  settings: CaptureSettings,
): Promise<string[]> {
  await client.query('select pgtide.retire_row_tables($1)', [queue]);
  return client.transaction({ lockTimeoutMs: LOCK_TIMEOUT_MS }, async () => {
    await setReplicaCapture(client, queue, settings);
    const rows = await client.query<{ name: string }>('select pgtide.refresh_capture($1) as name', [queue]);
    return rows.map(({ name }) => name);
  });
}

/** Sets the queue's policy, which applies to tables that are added later, too. Writes only if the policy differs. */
export async function setReplicaCapture(
  client: Client,
  queue: string,
  { captureReplicaWrites }: CaptureSettings,
): Promise<void> {
  await client.query(
    `select pgtide.set_queue_policy($1, 'capture_replica', $2::text)
      where coalesce((select capture_replica from pgtide.queue_policy where queue_name = $1), false)::text <> $2::text`,
    [queue, String(captureReplicaWrites)],
  );
}

/** Returns those of these tables that native subscriptions write to, with the names of the subscriptions. */
export async function listFedTables(client: Client, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await client.query<{ name: string; by: string | null }>(
    'select w.name, pgtide.feeding_subscriptions(londiste.find_table_oid(w.name)) as by from unnest($1::text[]) w (name)',
    [names],
  );
  return new Map(rows.flatMap(({ name, by }) => (by === null ? [] : [[name, by]])));
}

export interface CaptureProblem {
  table: string;
  code: string;
  message: string;
  remedy: string;
}

/** Returns the problems that keep changes of the queue's tables from being captured. */
export function listCaptureProblems(client: Client, queue: string): Promise<CaptureProblem[]> {
  return client.query<CaptureProblem>(
    'select table_name as "table", code, message, remedy from pgtide.capture_problems($1)',
    [queue],
  );
}
