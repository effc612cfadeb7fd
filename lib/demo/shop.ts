/** The shop that the demo replicates: a provider's database with rows, and an empty one for the subscriber. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Client, type ConnectionTarget, withClient } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';
import type { PostgresServer } from './postgres-server.ts';

const DATABASE = 'shop';
/** Owns the database and everything in it, and is not a superuser, as in a managed service. */
const OWNER = 'shop_owner';
/** The application's role: reads and writes rows. */
const APPLICATION = 'shop_app';

export type Script = 'tables' | 'fill' | 'behaviour' | 'add-column' | 'use-column';

export interface Shop {
  readonly server: PostgresServer;
  /** `postgres://…` as the owner. */
  readonly url: string;
  asOwner<T>(work: (client: Client) => Promise<T>): Promise<T>;
  asApplication<T>(work: (client: Client) => Promise<T>): Promise<T>;
  run(script: Script): Promise<void>;
  /** Runs a script as the server's superuser: this is quick, because no foreign key is checked row by row. */
  load(script: Script): Promise<void>;
}

const SCRIPTS = join('lib', 'demo', 'shop');

export function readScript(script: Script): string {
  return readFileSync(join(scriptFolder(), `${script}.sql`), 'utf8');
}

/** The folder is above this module, whether the module runs as it is or from a bundle in dist/. */
function scriptFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, SCRIPTS)) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, SCRIPTS);
}

/** Creates the roles and an empty database on a server. */
export async function openShop(server: PostgresServer): Promise<Shop> {
  const target = (user: string, database: string): ConnectionTarget => ({
    node: `the demo's PostgreSQL ${server.version}`,
    host: server.host,
    port: server.port,
    user,
    database,
    password: server.password,
    ssl: false,
  });
  const as = <T>(user: string, work: (client: Client) => Promise<T>) =>
    withClient(target(user, DATABASE), 'shop', work);
  await withClient(target(server.superuser, 'postgres'), 'shop', async (client) => {
    for (const role of [OWNER, APPLICATION]) {
      await client.query(`create role ${role} login password ${quoteLiteral(server.password)}`);
    }
    await client.query(`create database ${DATABASE} owner ${OWNER}`);
  });
  return {
    server,
    url: server.url(DATABASE, OWNER),
    asOwner: (work) => as(OWNER, work),
    asApplication: (work) => as(APPLICATION, work),
    run: (script) => as(OWNER, async (client) => void (await client.query(readScript(script)))),
    load: (script) =>
      as(server.superuser, async (client) => {
        await client.query(`set session_replication_role = 'replica'`);
        await client.query(readScript(script));
      }),
  };
}

/** Creates the provider's tables and rows. Takes a few seconds. */
export async function fillShop(shop: Shop): Promise<void> {
  await shop.run('tables');
  await shop.load('fill');
  await shop.run('behaviour');
}
