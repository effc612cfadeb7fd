/**
 * Databases for tests, on real servers. One test file has its own databases: they go when the file has passed, and
 * stay, with their names printed, when it has failed. A connection that a file leaves open fails the file.
 *
 *   const db = await createDatabase(await postgres(17), { installed: true });
 *   await db.client((client) => client.query('select pgq.create_queue($1)', ['shop']));
 */
import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { expect, inject } from 'vitest';
import { type Client, type ConnectionTarget, withClient } from '../../lib/db/client.ts';
import { quoteIdent } from '../../lib/db/identifier.ts';
import { type PostgresServer, type ServerOptions, startServer } from '../../lib/demo/postgres-server.ts';
import { onFileEnd } from './file-scope.ts';
import {
  asSuperuser,
  createRoleStatement,
  fewRowsAsRows,
  PLAIN_OWNER,
  type ServerAddress,
  TEMPLATE,
  targetOf,
} from './shared-servers.ts';

export type { ServerAddress } from './shared-servers.ts';

export interface TestDatabase {
  readonly name: string;
  readonly owner: string;
  readonly server: ServerAddress;
  /** As the plain owner. */
  readonly target: ConnectionTarget;
  /** `postgres://…`, as the plain owner. */
  readonly url: string;
  /** As another role; `createRole` makes one. */
  targetAs(user: string): ConnectionTarget;
  /** Opens a connection as the plain owner for the time of `work`. */
  client<T>(work: (client: Client) => Promise<T>): Promise<T>;
  superuser<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** A connection that stays until closed, for tests with several at once: `await using a = await db.open()`. */
  open(user?: string): Promise<OpenClient>;
}

export interface OpenClient {
  readonly client: Client;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DatabaseOptions {
  /** pgtide is installed, by the plain owner. */
  installed?: boolean;
  /** Another owner than the usual one; created if it is missing, without superuser rights. Not with `installed`. */
  owner?: string;
  /** Another encoding than UTF8; the locale is C. Not with `installed`. */
  encoding?: string;
}

async function askBroker(what: 'server' | 'template', version: number): Promise<ServerAddress> {
  const response = await fetch(`${inject('broker')}/${what}/${version}`);
  const body = await response.text();
  if (!response.ok) throw new Error(body);
  return JSON.parse(body);
}

/** The run's shared server of this major version. The first test file that asks for it starts it. */
export function postgres(version: number): Promise<ServerAddress> {
  return askBroker('server', version);
}

/** A separate server for the test file, to stop, crash or configure. It is removed when the file ends. */
export async function ownServer(options: Omit<ServerOptions, 'folder'>): Promise<PostgresServer> {
  const folder = join(inject('folder'), `own-${options.version}-${randomBytes(4).toString('hex')}`);
  const settings = { ...fewRowsAsRows(options.version), ...options.settings };
  const server = await startServer({ ...options, settings, folder });
  onFileEnd(() => server.remove());
  return server;
}

function uniqueName(): string {
  const file = basename(expect.getState().testPath ?? 'test', '.test.ts');
  return `${file.replaceAll(/[^a-z0-9]+/gi, '_').slice(0, 40)}_${randomBytes(4).toString('hex')}`;
}

/**
 * Allows a role to use replica mode, from PostgreSQL 15 on. Grants on one server run one at a time, each until its commit:
 * of two at once, one would fail.
 */
export async function allowReplicaMode(server: ServerAddress, role: string): Promise<void> {
  await asSuperuser(
    server,
    'postgres',
    `select pg_advisory_xact_lock(20); grant set on parameter session_replication_role to ${quoteIdent(role)}`,
  );
}

export async function createRole(server: ServerAddress, role: string): Promise<void> {
  await asSuperuser(server, 'postgres', createRoleStatement(role, server.password));
}

export async function createDatabase(
  server: ServerAddress,
  options: DatabaseOptions = {},
): Promise<TestDatabase> {
  if (options.installed && (options.owner || options.encoding))
    throw new Error('an installed database is a clone, and belongs to the usual owner, in UTF8');
  if (options.installed) await askBroker('template', server.version);
  if (options.owner) await createRole(server, options.owner);
  const owner = options.owner ?? PLAIN_OWNER;
  const name = uniqueName();
  const template = options.encoding
    ? `template0 encoding '${options.encoding}' lc_collate 'C' lc_ctype 'C'`
    : options.installed
      ? TEMPLATE
      : 'template1';
  await asSuperuser(
    server,
    'postgres',
    `create database ${quoteIdent(name)} owner ${quoteIdent(owner)} template ${template}`,
  );
  onFileEnd((failed) => endDatabase(server, name, failed));
  return testDatabase(server, name, owner);
}

function urlOf({ host, port, password }: ServerAddress, database: string, user: string): string {
  return `postgres://${encodeURIComponent(user)}:${password}@${host}:${port}/${database}`;
}

function testDatabase(server: ServerAddress, name: string, owner: string): TestDatabase {
  const targetAs = (user: string) => targetOf(server, name, user);
  return {
    name,
    owner,
    server,
    target: targetAs(owner),
    url: urlOf(server, name, owner),
    targetAs,
    client: (work) => withClient(targetAs(owner), 'test', work),
    superuser: (work) => withClient(targetAs(server.superuser), 'test', work),
    open: (user = owner) => openClient(targetAs(user)),
  };
}

async function openClient(target: ConnectionTarget): Promise<OpenClient> {
  const opened = Promise.withResolvers<Client>();
  const closing = Promise.withResolvers<void>();
  const closed = withClient(target, 'test', async (client) => {
    opened.resolve(client);
    await closing.promise;
  });
  closed.catch(opened.reject);
  const client = await opened.promise;
  const close = () => {
    closing.resolve();
    return closed;
  };
  return { client, close, [Symbol.asyncDispose]: close };
}

/** Two databases with pgtide installed, on servers of the given major versions. */
export async function pair(versions: {
  provider: number;
  subscriber: number;
}): Promise<{ provider: TestDatabase; subscriber: TestDatabase }> {
  const [provider, subscriber] = await Promise.all(
    [versions.provider, versions.subscriber].map(async (version) =>
      createDatabase(await postgres(version), { installed: true }),
    ),
  );
  if (!provider || !subscriber) throw new Error('two databases were asked for');
  return { provider, subscriber };
}

const LEAK_PATIENCE_MS = 20_000;

/** Drops the database of a file that has passed. A connection that is still open is an error. */
async function endDatabase(server: ServerAddress, name: string, failed: boolean): Promise<void> {
  if (failed) {
    const url = urlOf(server, name, server.superuser);
    console.log(`kept for a look until the run ends (vitest --watch does not end): ${url}`);
    return;
  }
  const leaked = await lingeringConnections(server, name);
  await asSuperuser(
    server,
    'postgres',
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  await asSuperuser(server, 'postgres', `drop database ${quoteIdent(name)}`);
  if (leaked.length > 0)
    throw new Error(`connections were left open in ${name}: ${JSON.stringify(leaked, null, 1)}`);
}

/** Connections that are still open after a while: a closed one takes a moment to end. */
async function lingeringConnections(server: ServerAddress, name: string): Promise<unknown[]> {
  const deadline = Date.now() + LEAK_PATIENCE_MS;
  for (;;) {
    const connections = await asSuperuser(
      server,
      'postgres',
      `select usename, application_name, state, query from pg_stat_activity
        where datname = '${name}' and backend_type = 'client backend'`,
    );
    if (connections.length === 0 || Date.now() > deadline) return connections;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
