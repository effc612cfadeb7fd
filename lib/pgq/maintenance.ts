import type { Client } from '../db/client.ts';
import { quoteQualified } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';

/** One piece of maintenance out of `pgq.maint_operations`. */
export interface MaintenanceOperation {
  /** `schema.function`, or `vacuum`. */
  name: string;
  /** The function's argument (a queue), or the table to vacuum. Null: called without. */
  argument: string | null;
}

/** Whom the list is for: a queue, and queues that have maintenance of their own. */
export interface MaintenanceScope {
  queue: string;
  maintained: readonly string[];
}

/**
 * What there is to do now for the queue, for the database as a whole, and for queues that no other run maintains. What cascades
 * want for the queue itself (its watermark, its sequences) is not in it: `maintain` does that by name.
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

/** `schema.name`, split at the first dot and quoted. */
function quoteFqname(name: string): string {
  const dot = name.indexOf('.');
  if (dot < 1) throw new PgtideError('internal', `${JSON.stringify(name)} is no schema-qualified name`);
  return quoteQualified(name.slice(0, dot), name.slice(dot + 1));
}

/** Runs one operation in a transaction of its own (VACUUM in none). True: call it again at once. */
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

/** Puts due retry events back into their queues. Returns how many; there may be more until it says 0. */
export async function returnRetryEvents(client: Client): Promise<number> {
  const row = await client.first<{ events: number }>('select pgq.maint_retry_events() as events');
  return row?.events ?? 0;
}
