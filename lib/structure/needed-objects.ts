import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { sqlText } from '../db/sql-text.ts';
import type { Creation } from './creation.ts';
import { scriptFunctions } from './function-script.ts';

/**
 * Extensions and functions that the tables' columns, defaults, constraints and indexes depend on.
 * $1: oids of tables; $2: oids of types; $3: columns that have a different default on the subscriber, as `schema.table.column`.
 */
const neededObjectsSql = sqlText('structure/needed-objects.sql');

export interface Needing {
  tables: readonly number[];
  types: readonly number[];
  typeExtensions: readonly string[];
}

/** Refuses tables that depend on extensions or functions that the subscriber lacks: pgtide cannot create those. */
export async function requireObjects(provider: Client, needing: Needing, creation: Creation): Promise<void> {
  const rows = await provider.query<{ of: string; extension: string | null; function: string | null }>(
    neededObjectsSql,
    [needing.tables, needing.types, [...creation.defaults.keys()]],
  );
  const extensions = new Set([
    ...needing.typeExtensions,
    ...rows.flatMap(({ extension }) => extension ?? []),
  ]);
  for (const extension of extensions)
    if (!creation.server.extensions[extension])
      creation.refuse(
        `the extension ${extension}, which the tables need, is not there`,
        `create extension ${quoteIdent(extension)}`,
      );
  const functions = new Map(
    rows.flatMap((row) => (row.function === null ? [] : [[row.function, row.of] as const])),
  );
  const missing = [...functions].filter(([name]) => !creation.server.functions.includes(name));
  if (missing.length > 0) await refuseFunctions(provider, missing, creation);
}

/** Refuses all missing functions at once, with the script that creates them. */
async function refuseFunctions(
  provider: Client,
  missing: [name: string, of: string][],
  creation: Creation,
): Promise<void> {
  const names = missing.map(([name]) => name);
  const { sql, awaiting } = await scriptFunctions(provider, names, creation);
  for (const [name, of] of missing) {
    const [table] = awaiting.get(name) ?? [];
    if (table === undefined) creation.refuse(`the function ${name}, which ${of} needs, is not there`, sql);
    else
      creation.refuse(
        `the function ${name}, which ${of} needs, takes or returns rows of ${table}`,
        `make ${table} there, with its functions, and add it without --create`,
      );
  }
}
