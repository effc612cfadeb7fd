import manifest from '../../package.json' with { type: 'json' };
import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';
import { type SchemaSources, schemaOrder, schemaSources } from './schema-sources.ts';
import { sqlFiles } from './sql-files.ts';

/** What the installer wrote about one schema of the database. */
export interface InstalledSchema {
  schema: string;
  version: number;
  release: string;
  hash: string;
  functions: string[];
}

/** The release of this code. */
export const release: string = manifest.version;

/** What is installed, or an empty list. */
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

/** Only the role that installed a schema, or a member of it, can bring it up to date or remove it. */
export function belongsToAnother(
  node: string,
  schema: string,
  { owner, role }: { owner: string; role: string },
): PgtideError {
  return new PgtideError('privilege', `${node}: schema ${schema} belongs to ${owner}, not to ${role}`, {
    remedy: `connect as ${owner}, or run: grant ${quoteIdent(owner)} to ${quoteIdent(role)}`,
  });
}

/** Schemas that real Skytools extensions brought: they are used as they are. */
export async function extensionSchemas(client: Client): Promise<string[]> {
  const rows = await client.query<{ extname: string }>(
    `select extname::text from pg_catalog.pg_extension where extname = any ($1)`,
    [schemaOrder],
  );
  return rows.map((row) => row.extname);
}

/**
 * Refuses a database that this code cannot serve, and says what to run. True when the functions there are also
 * exactly this code's; false when `install` would refresh them.
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

/** A database written by a newer release may hold what this one would break. */
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
