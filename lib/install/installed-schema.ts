import manifest from '../../package.json' with { type: 'json' };
import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';
import { type SchemaSources, schemaOrder, schemaSources } from './schema-sources.ts';
import { sqlFiles } from './sql-files.ts';

/** The installer's record about one schema of the database. */
export interface InstalledSchema {
  schema: string;
  version: number;
  release: string;
  hash: string;
  functions: string[];
}

/** The release of this code. */
export const release: string = manifest.version;

/** Returns the records of the installed schemas; empty if nothing is installed. */
export async function installedSchemas(client: Client): Promise<InstalledSchema[]> {
  const found = await client.first<{ owner: string; role: string; readable: boolean }>(
    `select pg_get_userbyid(c.relowner)::text as owner, current_user::text as role,
            has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT') as readable
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'pgtide' and c.relname = 'schema_version'`,
  );
  if (!found) return [];
  if (!found.readable) throw belongsToAnother(client.node, 'pgtide', found);
  return client.query<InstalledSchema>(
    `select schema_name as schema, version, release, sources_hash as hash, functions from pgtide.schema_version`,
  );
}

/** The error for a schema of another role: only the role that installed a schema, or a member of it, can upgrade or remove it. */
export function belongsToAnother(
  node: string,
  schema: string,
  { owner, role }: { owner: string; role: string },
): PgtideError {
  return new PgtideError('privilege', `${node}: schema ${schema} belongs to ${owner}, not to ${role}`, {
    remedy: `connect as ${owner}, or run: grant ${quoteIdent(owner)} to ${quoteIdent(role)}`,
  });
}

/** Returns the schemas that real Skytools extensions created; they are used unchanged. */
export async function extensionSchemas(client: Client): Promise<string[]> {
  const rows = await client.query<{ extname: string }>(
    `select extname::text from pg_catalog.pg_extension where extname = any ($1)`,
    [schemaOrder],
  );
  return rows.map((row) => row.extname);
}

/**
 * Refuses a database that this code cannot serve, with an error that states what to run. Returns true if the functions in the database are
 * exactly this code's, false if `install` would refresh them.
 */
export async function requireInstalled(client: Client): Promise<boolean> {
  const [extensions, installed] = [await extensionSchemas(client), await installedSchemas(client)];
  let upToDate = true;
  for (const sources of schemaSources(sqlFiles())) {
    if (extensions.includes(sources.schema)) continue;
    const there = installed.find((one) => one.schema === sources.schema);
    if (!there)
      throw new PgtideError(
        'state',
        `${client.node}: pgtide is not installed (no schema ${sources.schema})`,
        {
          remedy: 'run: pgtide init',
        },
      );
    refuseNewer(client.node, there, sources);
    if (there.version < sources.version)
      throw new PgtideError(
        'state',
        `${client.node}: schema ${there.schema} has version ${there.version}, and this pgtide ${release} needs ${sources.version}`,
        { remedy: 'run: pgtide init' },
      );
    if (there.hash !== sources.hash) upToDate = false;
  }
  return upToDate;
}

/** Refuses a database that a newer release has written: it may hold data that this release would damage. */
export function refuseNewer(node: string, there: InstalledSchema, sources: SchemaSources): void {
  if (there.version <= sources.version && !isNewer(there.release, release)) return;
  throw new PgtideError(
    'state',
    `${node}: schema ${there.schema} was installed by pgtide ${there.release} (version ${there.version}); ` +
      `this is pgtide ${release} (version ${sources.version})`,
    { remedy: `use pgtide ${there.release} or newer` },
  );
}

function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) =>
    text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
