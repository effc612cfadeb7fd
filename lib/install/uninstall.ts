import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';
import { installedSchemas } from './installed-schema.ts';
import { lockInstallation, requireOwner } from './preconditions.ts';
import { schemaOrder } from './schema-sources.ts';

export interface UninstallOptions {
  /** Uninstalls even if there are nodes or queues. Their events, positions and the triggers on replicated tables are removed, too. */
  force?: boolean;
}

/**
 * Removes everything that `install` created, and with it the triggers on replicated tables, in one transaction. Real extensions stay. Roles
 * stay, too, because they belong to the whole server. Returns the removed schemas.
 */
export async function uninstall(client: Client, options: UninstallOptions = {}): Promise<string[]> {
  return client.transaction({}, async () => {
    await lockInstallation(client);
    const installed = (await installedSchemas(client)).map(({ schema }) => schema);
    // The schema pgtide holds the bookkeeping, so it is removed with the rest.
    const mine = (schema: string) =>
      installed.includes(schema) || (schema === 'pgtide' && installed.length > 0);
    const removed = schemaOrder.filter(mine).reverse();
    for (const schema of removed) await requireOwner(client, schema);
    if (!options.force) await refuseUsed(client, removed);
    for (const schema of removed) await client.query(`drop schema ${quoteIdent(schema)} cascade`);
    return removed;
  });
}

async function refuseUsed(client: Client, removed: readonly string[]): Promise<void> {
  await refuseRows(client, 'pgq_node.node_info', 'still a node of');
  // Queues of the real extension stay.
  if (removed.includes('pgq')) await refuseRows(client, 'pgq.queue', 'there are still queues:');
}

async function refuseRows(client: Client, table: string, what: string): Promise<void> {
  if (!(await client.first(`select 1 where to_regclass('${table}') is not null`))) return;
  const queues = await client.query<{ queue: string }>(`select queue_name as queue from ${table} order by 1`);
  if (queues.length === 0) return;
  throw new PgtideError('state', `${client.node}: ${what} ${queues.map(({ queue }) => queue).join(', ')}`, {
    remedy:
      'remove the tables, nodes and queues first, or uninstall with force to give up all that they hold',
  });
}
