import { replaceTriggers } from '../capture/capture.ts';
import type { Client } from '../db/client.ts';
import { accept, type ReturnCode, returnCodeColumns } from '../pgq/return-code.ts';

/** null: the table is to be copied. */
export type MergeState = 'in-copy' | 'catching-up' | 'ok' | null;

/** A table of the queue, as one node knows it. */
export interface MemberTable {
  /** `schema.table`, unquoted. */
  name: string;
  /** True if this node has the table itself. */
  local: boolean;
  mergeState: MergeState;
}

export function listTables(client: Client, queue: string): Promise<MemberTable[]> {
  return client.query<MemberTable>(
    `select table_name as name, local, merge_state as "mergeState" from londiste.get_table_list($1)`,
    [queue],
  );
}

/** Options of `londiste.local_add_table`. */
export interface AddOptions {
  /** The rows are the same on both sides already: nothing is copied. */
  expectSync: boolean;
  /** The copy keeps the rows that exist. */
  skipTruncate: boolean;
}

/**
 * An argument which states that only pgtide's nodes follow: they need no key, and can follow partitioned tables. The real extension does
 * not know this argument.
 */
const ownArguments = `$3::text[] || array(
  select text 'pgtide' where not exists (select from pg_catalog.pg_extension where extname = 'londiste'))`;

/** Adds a table on its root. Its changes are captured from the commit. */
export async function addRootTable(client: Client, queue: string, table: string): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.local_add_table($1, $2, ${ownArguments})`,
    [queue, table, []],
  );
  accept(client.node, verdict);
  await replaceTriggers(client, queue, table);
}

/** Adds a table on a node that follows, whether or not the node has received the event that announces it. */
export async function addLeafTable(
  client: Client,
  queue: string,
  added: { table: string } & AddOptions,
): Promise<void> {
  const { table, expectSync, skipTruncate } = added;
  // Queues are independent of each other: another queue may have a table of the same name.
  const flags = ['no_merge', expectSync && 'expect_sync', skipTruncate && 'skip_truncate'].filter(Boolean);
  const known = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.global_add_table($1, $2)`,
    [queue, table],
  );
  accept(client.node, known);
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.local_add_table($1, $2, ${ownArguments})`,
    [queue, table, flags],
  );
  accept(client.node, verdict);
  if (expectSync) await client.query('select pgtide.note_columns($1, $2)', [queue, table]);
}

/**
 * Removes a table from the queue on this node. Its triggers are dropped; its rows stay. On the root, an event reports the removal to the
 * leaves.
 */
export async function removeLocalTable(client: Client, queue: string, table: string): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.local_remove_table($1, $2)`,
    [queue, table],
  );
  accept(client.node, verdict);
}

/** Marks a table as in sync: events that are visible in `snapshot` are not applied to it, because its rows contain them already. */
export async function setInSync(
  client: Client,
  queue: string,
  at: { table: string; snapshot: string },
): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from londiste.local_set_table_state($1, $2, $3, 'ok')`,
    [queue, at.table, at.snapshot],
  );
  accept(client.node, verdict);
}

/** Returns the snapshot that this transaction's statements see now. On the root, it includes all events so far. */
export async function currentSnapshot(client: Client): Promise<string> {
  const row = await client.first<{ snapshot: string }>('select txid_current_snapshot()::text as snapshot');
  return row?.snapshot ?? '';
}
