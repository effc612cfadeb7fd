/** Databases of the benchmark. A role without superuser rights owns them, as users' databases. */
import { type Client, type ConnectionTarget, withClient } from '../../lib/db/client.ts';
import { quoteLiteral } from '../../lib/db/identifier.ts';
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';

/** `replica_owner` may set session_replication_role; `plain_owner` may not. */
export type Owner = 'replica_owner' | 'plain_owner';

export interface BenchDatabase {
  readonly name: string;
  readonly owner: Owner;
  readonly server: PostgresServer;
  /** `postgres://…` as the owner. */
  readonly url: string;
  /** As the superuser, in libpq's keyword form. */
  readonly connectionString: string;
  asOwner<T>(work: (client: Client) => Promise<T>): Promise<T>;
  asSuperuser<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs SQL as the owner. */
  run(sql: string): Promise<void>;
  /** Runs SQL as the superuser. */
  administer(sql: string): Promise<void>;
}

function targetOf(server: PostgresServer, database: string, user: string): ConnectionTarget {
  const { host, port, password } = server;
  return { node: database, host, port, user, database, password, ssl: false };
}

function asSuperuser<T>(server: PostgresServer, database: string, work: (client: Client) => Promise<T>) {
  return withClient(targetOf(server, database, server.superuser), 'bench', work);
}

async function makeOwner(client: Client, server: PostgresServer, owner: Owner): Promise<void> {
  const found = await client.first('select from pg_roles where rolname = $1', [owner]);
  if (found) return;
  await client.query(`create role ${owner} login password ${quoteLiteral(server.password)}`);
  if (owner === 'replica_owner' && server.version >= 15)
    await client.query(`grant set on parameter session_replication_role to ${owner}`);
}

export interface DatabaseOptions {
  owner?: Owner;
  template?: string;
}

export async function createDatabase(
  server: PostgresServer,
  name: string,
  { owner = 'replica_owner', template = 'template1' }: DatabaseOptions = {},
): Promise<BenchDatabase> {
  await asSuperuser(server, 'postgres', async (client) => {
    await makeOwner(client, server, owner);
    await client.query(`create database ${name} owner ${owner} template ${template}`);
  });
  const asOwner = <T>(work: (client: Client) => Promise<T>) =>
    withClient(targetOf(server, name, owner), 'bench', work);
  const { host, port, superuser, password } = server;
  return {
    name,
    owner,
    server,
    url: server.url(name, owner),
    connectionString: `host=${host} port=${port} user=${superuser} password=${password} dbname=${name}`,
    asOwner,
    asSuperuser: (work) => asSuperuser(server, name, work),
    run: (sql) => asOwner(async (client) => void (await client.query(sql))),
    administer: (sql) => asSuperuser(server, name, async (client) => void (await client.query(sql))),
  };
}

/** Call it before a measurement: it writes the dirty pages that earlier work has left. */
export async function settle(...databases: BenchDatabase[]): Promise<void> {
  for (const server of new Set(databases.map((database) => database.server)))
    await asSuperuser(server, 'postgres', (client) => client.query('checkpoint'));
}

/**
 * Vacuums the tables that workloads have changed. Autovacuum is off on the benchmark's servers, so that it disturbs no
 * measurement.
 */
export async function vacuum(database: BenchDatabase, tables: readonly string[]): Promise<void> {
  await database.asSuperuser(async (client) => {
    for (const table of tables) await client.query(`vacuum (analyze) ${table}`);
  });
}

/** Empties the queue's event tables and its row tables, as rotation does when all consumers have read them. */
export async function emptyEventTables(database: BenchDatabase): Promise<void> {
  await database.asSuperuser(async (client) => {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'pgq' and c.relname ~ '^(event|rows_\\d+)_\\d+_\\d+$' and c.relkind = 'r'`,
    );
    if (tables.length > 0) await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
  });
}

/** A number that is equal if the rows are equal. */
export async function contentOf(database: BenchDatabase, table: string): Promise<string> {
  const row = await database.asSuperuser((client) =>
    client.first<{ content: string }>(
      `select count(*) || '/' || coalesce(sum(hashtext(t::text)::bigint), 0) as content from ${table} t`,
    ),
  );
  return row?.content ?? '';
}

/** Fails if a follower has lost rows: its figures would be worthless. */
export async function demandEqual(
  side: string,
  [provider, subscriber]: readonly [BenchDatabase, BenchDatabase],
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) {
    const [expected, found] = [await contentOf(provider, table), await contentOf(subscriber, table)];
    if (expected !== found)
      throw new Error(`${side}: ${table} differs: ${expected} on the provider, ${found} on the subscriber`);
  }
}

/** PgQ's C triggers insert with the rights of the application's role. */
export async function allowPgq(database: BenchDatabase): Promise<void> {
  await database.administer(`grant pgq_writer to ${database.owner}; grant usage on schema pgq to public;
    grant all on all tables in schema pgq to public; grant all on all sequences in schema pgq to public`);
}
