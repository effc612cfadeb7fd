/**
 * Installs pgtide's SQL in a database, or upgrades it to this release, as an ordinary role (with CREATE on the database): one transaction,
 * one installer at a time, all or nothing. Tables are created once and then migrated. Functions, triggers and grants are re-created from
 * their files whenever a file of their schema has changed. A second run with the same files changes nothing in the catalog. Concurrent
 * writers wait at most for its commit, and what they are running then still finds the functions that it calls (retired-functions.ts).
 */
import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { sqlText } from '../db/sql-text.ts';
import { hasState } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import {
  extensionSchemas,
  type InstalledSchema,
  installedSchemas,
  refuseNewer,
  release,
} from './installed-schema.ts';
import {
  lockInstallation,
  requireCreate,
  requireExtensions,
  requireOwner,
  requireUnused,
} from './preconditions.ts';
import { dropRetiredFunctions, retireFunctions } from './retired-functions.ts';
import {
  BOOKKEEPING_FILE,
  type Migration,
  type SchemaSources,
  type SourceFile,
  schemaSources,
} from './schema-sources.ts';
import { sqlFiles } from './sql-files.ts';
import { lockNamedTables, retryWhileLocked } from './upgrade-locks.ts';

export interface InstallOptions {
  /** The SQL files; default: pgtide's own. */
  files?: ReadonlyMap<string, string>;
  /** Re-creates functions, triggers and grants even when no file has changed. */
  force?: boolean;
  /** How long to wait for open transactions before functions of an earlier release are dropped; default: 10 s. */
  waitMs?: number;
}

export interface InstalledSchemas {
  installed: string[];
  upgraded: string[];
  /** Schemas that real extensions created. */
  skipped: string[];
  /** Functions of an earlier release that stay for now: an open transaction may call them, or objects of users depend on them. */
  retired: string[];
  /** The release that the database now has. */
  version: string;
}

const WAIT_MS = 10_000;

export async function install(client: Client, options: InstallOptions = {}): Promise<InstalledSchemas> {
  const done = await retryWhileLocked(() => client.transaction({}, () => installOnce(client, options)));
  return { ...done, retired: await dropRetiredFunctions(client, options.waitMs ?? WAIT_MS) };
}

async function installOnce(
  client: Client,
  options: InstallOptions,
): Promise<Omit<InstalledSchemas, 'retired'>> {
  const files = options.files ?? sqlFiles();
  await lockInstallation(client);
  const skipped = await extensionSchemas(client);
  const wanted = schemaSources(files).filter(({ schema }) => !skipped.includes(schema));
  const before = await installedSchemas(client);
  const thereOf = (schema: string) => before.find((one) => one.schema === schema);
  for (const sources of wanted) {
    const there = thereOf(sources.schema);
    if (there) refuseNewer(client.node, there, sources);
    else await requireUnused(client, sources.schema);
  }
  const missing = wanted.filter(({ schema }) => !thereOf(schema));
  const changed = wanted.filter((sources) => {
    const there = thereOf(sources.schema);
    return there && (options.force || there.hash !== sources.hash);
  });
  if (missing.length > 0) await requireCreate(client);
  for (const { schema } of changed) await requireOwner(client, schema);
  const affected = wanted.filter((sources) => missing.includes(sources) || changed.includes(sources));
  if (affected.length > 0) await requireExtensions(client, skipped);
  await lockNamedTables(
    client,
    affected.flatMap((sources) => [
      ...pendingMigrations(sources, thereOf(sources.schema)),
      ...sources.triggers,
    ]),
  );
  if (before.length === 0)
    await run(client, { path: BOOKKEEPING_FILE, text: files.get(BOOKKEEPING_FILE) ?? '' });
  await client.query('set local check_function_bodies = off');
  for (const sources of affected) await installSchema(client, sources, thereOf(sources.schema));
  const names = (list: SchemaSources[]) => list.map(({ schema }) => schema);
  return { installed: names(missing), upgraded: names(changed), skipped, version: release };
}

function pendingMigrations({ migrations }: SchemaSources, there: InstalledSchema | undefined): Migration[] {
  return there ? migrations.filter(({ from }) => from >= there.version) : [];
}

async function installSchema(
  client: Client,
  sources: SchemaSources,
  there: InstalledSchema | undefined,
): Promise<void> {
  const before = await objectsOf(client, sources.schema);
  if (!there && sources.tables) await run(client, sources.tables);
  if (there) await migrate(client, sources, there.version);
  const { functions, stale } = await recreateFunctions(client, sources, there?.functions ?? []);
  for (const trigger of sources.triggers) await run(client, trigger);
  const nameOf = (signature: string) => signature.slice(0, signature.indexOf('('));
  const names = functions.map(nameOf);
  const [replaced, retired] = [
    stale.filter((signature) => names.includes(nameOf(signature))),
    stale.filter((signature) => !names.includes(nameOf(signature))),
  ];
  for (const signature of replaced) await dropFunction(client, signature);
  await retireFunctions(client, { stale: retired, defined: functions });
  await giveToOwner(client, sources.schema, { functions, before });
  if (sources.grants) {
    await run(client, sources.grants);
    // This file creates a function, too.
    await giveToOwner(client, sources.schema, { functions, before });
  }
  await client.query(
    `insert into pgtide.schema_version (schema_name, version, release, sources_hash, functions)
     values ($1, $2, $3, $4, $5)
     on conflict (schema_name) do update
       set version = excluded.version, release = excluded.release, sources_hash = excluded.sources_hash,
           functions = excluded.functions, installed_at = now()`,
    [sources.schema, sources.version, release, sources.hash, functions],
  );
}

const createdObjectsSql = sqlText('install/created-objects.sql');

/**
 * Gives the created objects to the schema's owner, with whose rights captures run. This is needed if a superuser or a member of the owner
 * runs the upgrade.
 */
async function giveToOwner(
  client: Client,
  schema: string,
  { functions, before }: { functions: string[]; before: number[] },
): Promise<void> {
  const others = await client.query<{ object: string; owner: string }>(createdObjectsSql, [
    schema,
    functions,
    before,
  ]);
  for (const { object, owner } of others) await client.query(`alter ${object} owner to ${quoteIdent(owner)}`);
}

/** The OIDs of a schema's tables and functions. */
async function objectsOf(client: Client, schema: string): Promise<number[]> {
  const rows = await client.query<{ oid: number }>(
    `select o.oid from pg_catalog.pg_namespace n
      cross join lateral (
        select c.oid from pg_catalog.pg_class c where c.relnamespace = n.oid
        union all
        select p.oid from pg_catalog.pg_proc p where p.pronamespace = n.oid) o
      where n.nspname = $1`,
    [schema],
  );
  return rows.map(({ oid }) => oid);
}

async function migrate(client: Client, sources: SchemaSources, from: number): Promise<void> {
  let version = from;
  while (version < sources.version) {
    const next = sources.migrations.find((migration) => migration.from === version);
    if (!next)
      throw new PgtideError(
        'state',
        `${client.node}: no migration leads schema ${sources.schema} from version ${version} to ${sources.version}`,
        { remedy: 'upgrade through an older release of pgtide first' },
      );
    await run(client, next);
    version = next.to;
  }
}

/**
 * Runs all function files. Returns the signatures that the files define, and the signatures that the files of an earlier release defined
 * and that no file defines any more. Functions that are generated at run time (captures) are in no file, and in neither list.
 */
async function recreateFunctions(
  client: Client,
  sources: SchemaSources,
  known: string[],
): Promise<{ functions: string[]; stale: string[] }> {
  const before = new Map((await functionVersions(client, sources.schema)).map((f) => [f.oid, f.xmin]));
  for (const file of sources.functions) await recreateFile(client, sources.schema, file, known);
  const after = await functionVersions(client, sources.schema);
  const functions = after.filter((f) => before.get(f.oid) !== f.xmin).map((f) => f.signature);
  const untouched = after.filter((f) => before.get(f.oid) === f.xmin).map((f) => f.signature);
  return { functions: functions.sort(), stale: untouched.filter((signature) => known.includes(signature)) };
}

interface FunctionVersion {
  oid: number;
  signature: string;
  name: string;
  /** Changes with every `create or replace`. */
  xmin: string;
}

function functionVersions(client: Client, schema: string): Promise<FunctionVersion[]> {
  return client.query<FunctionVersion>(
    `select p.oid, p.oid::regprocedure::text as signature, p.proname::text as name, p.xmin::text as xmin
       from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = $1`,
    [schema],
  );
}

const INVALID_FUNCTION_DEFINITION = '42P13';

/**
 * Runs a function file. `create or replace` refuses changed result columns or argument names; in this case the file's earlier functions are
 * dropped first.
 */
async function recreateFile(
  client: Client,
  schema: string,
  file: SourceFile,
  known: string[],
): Promise<void> {
  await client.query('savepoint function_file');
  try {
    await run(client, file);
  } catch (error) {
    if (!hasState(error, INVALID_FUNCTION_DEFINITION)) throw error;
    await client.query('rollback to savepoint function_file');
    const name = /([^/]+)\.sql$/.exec(file.path)?.[1]?.slice(schema.length + 1);
    const earlier = (await functionVersions(client, schema)).filter(
      (f) => f.name === name && known.includes(f.signature),
    );
    if (earlier.length === 0) throw error;
    const grants = await grantsOf(client, earlier);
    for (const { signature } of earlier) await dropFunction(client, signature);
    await run(client, file);
    for (const statement of grants) await client.query(statement);
  }
  await client.query('release savepoint function_file');
}

/** Returns the statements that give the rights on these functions to the functions that take their places. */
async function grantsOf(client: Client, functions: readonly FunctionVersion[]): Promise<string[]> {
  const rows = await client.query<{ statement: string }>(
    `select format('revoke all on function %s from public', p.oid::regprocedure) as statement, 1 as step
       from pg_catalog.pg_proc p where p.oid = any ($1) and p.proacl is not null
     union all
     select format('grant execute on function %s to %s%s', p.oid::regprocedure,
                   case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
                   case when a.is_grantable then ' with grant option' else '' end), 2
       from pg_catalog.pg_proc p cross join pg_catalog.aclexplode(p.proacl) a
      where p.oid = any ($1) and a.grantee <> p.proowner
      order by step`,
    [functions.map(({ oid }) => oid)],
  );
  return rows.map(({ statement }) => statement);
}

/** Drops a function that a file replaces. Refuses if objects of users depend on it. */
async function dropFunction(client: Client, signature: string): Promise<void> {
  const [first] = await client.query<{ object: string }>(
    `select pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) as object
       from pg_catalog.pg_depend d
      where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = $1::regprocedure and d.deptype = 'n'
      order by 1`,
    [signature],
  );
  if (first)
    throw new PgtideError(
      'state',
      `${client.node}: the upgrade replaces ${signature}, on which ${first.object} depends`,
      { remedy: 'drop that object, run pgtide init, and create it again; nothing was changed' },
    );
  await client.query(`drop function ${signature}`);
}

async function run(client: Client, file: SourceFile): Promise<void> {
  try {
    await client.query(file.text);
  } catch (error) {
    if (!(error instanceof PgtideError)) throw error;
    const { kind, message, remedy, cause } = error;
    throw new PgtideError(kind, `sql/${file.path} on ${message}`, { remedy, cause });
  }
}
