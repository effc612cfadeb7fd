import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';
import { installedSchemas } from './installed-schema.ts';
import { lockInstallation, requireOwner } from './preconditions.ts';
import { schemaOrder } from './schema-sources.ts';

export interface UninstallOptions {
  /** Also while there are nodes: their queues, positions and the triggers on replicated tables go too. */
  force?: boolean;
}

/**
 * Removes everything that `install` made, and with it the triggers on replicated tables, in one transaction. Real
 * extensions stay, and so do roles, which belong to the whole server. Returns the removed schemas.
 */
export async function uninstall(client: Client, options: UninstallOptions = {}): Promise<string[]> {
  return client.transaction({}, async () => {
    await lockInstallation(client);
    const installed = (await installedSchemas(client)).map(({ schema }) => schema);
    // The bookkeeping is in pgtide, so that goes with the others.
    const mine = (schema: string) =>
      installed.includes(schema) || (schema === 'pgtide' && installed.length > 0);
    const removed = schemaOrder.filter(mine).reverse();
    for (const schema of removed) await requireOwner(client, schema);
    if (!options.force) await refuseNodes(client);
    for (const schema of removed) await client.query(`drop schema ${quoteIdent(schema)} cascade`);
    return removed;
  });
}

async function refuseNodes(client: Client): Promise<void> {
  const found = await client.first<{ there: boolean }>(
    `select true as there from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'pgq_node' and c.relname = 'node_info'`,
  );
  if (!found) return;
  const nodes = await client.query<{ queue: string }>(
    'select queue_name as queue from pgq_node.node_info order by 1',
  );
  if (nodes.length === 0) return;
  throw new PgtideError(
    'state',
    `${client.node}: still a node of ${nodes.map(({ queue }) => queue).join(', ')}`,
    { remedy: 'remove its tables and the node first, or uninstall with force to give up the replication' },
  );
}
