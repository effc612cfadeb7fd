import type { Client } from '../db/client.ts';
import { quoteQualified } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';

/** One maintenance operation, as `pgq.maint_operations` lists it. */
export interface MaintenanceOperation {
  /** `schema.function`, or `vacuum`. */
  name: string;
  /** The function's argument (a queue), or the table to vacuum. Null if the function has no argument. */
  argument: string | null;
}

/** The queue to maintain, and the queues that other runs maintain. */
export interface MaintenanceScope {
  queue: string;
  maintained: readonly string[];
}

/**
 * Lists the operations that are due for the queue, for the whole database, and for queues that no other run maintains. The
 * operations of cascades for the queue itself (its watermark, its sequences) are not in the list: `maintain` calls them by name.
 */
export function listMaintenance(
  client: Client,
  { queue, maintained }: MaintenanceScope,
): Promise<MaintenanceOperation[]> {
  return client.query<MaintenanceOperation>(
    `select func_name as name, func_arg as argument from pgq.maint_operations()
     where func_name = 'vacuum' or func_arg is null or func_arg <> all ($2)
       or func_arg = $1 and func_name not in ('pgq_node.maint_watermark', 'londiste.root_check_seqs')`,
    [queue, maintained],
  );
}

/** Splits `schema.name` at the first dot and quotes both parts. */
function quoteFqname(name: string): string {
  const dot = name.indexOf('.');
  if (dot < 1) throw new PgtideError('internal', `${JSON.stringify(name)} is no schema-qualified name`);
  return quoteQualified(name.slice(0, dot), name.slice(dot + 1));
}

/** Runs one operation in a separate transaction (VACUUM in none). Returns true if it must be called again at once. */
export async function runMaintenance(client: Client, operation: MaintenanceOperation): Promise<boolean> {
  if (operation.name === 'vacuum') {
    if (operation.argument !== null) await client.script(`vacuum ${quoteFqname(operation.argument)}`);
    return false;
  }
  const call = `select ${quoteFqname(operation.name)}`;
  const row =
    operation.argument === null
      ? await client.first<{ again: unknown }>(`${call}() as again`)
      : await client.first<{ again: unknown }>(`${call}($1) as again`, [operation.argument]);
  return Number(row?.again ?? 0) === 1;
}

/** Returns due retry events to their queues. Returns their number; there may be more until it returns 0. */
export async function returnRetryEvents(client: Client): Promise<number> {
  const row = await client.first<{ events: number }>('select pgq.maint_retry_events() as events');
  return row?.events ?? 0;
}
