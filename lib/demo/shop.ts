/** The shop that the demo replicates: a provider's database full of rows, and an empty one for the subscriber. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Client, type ConnectionTarget, withClient } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';
import type { PostgresServer } from './postgres-server.ts';

const DATABASE = 'shop';
/** Owns the database and everything in it, and is no superuser: what a managed service gives. */
const OWNER = 'shop_owner';
/** The application: reads and writes rows. */
const APPLICATION = 'shop_app';

export type Script = 'tables' | 'fill' | 'behaviour' | 'add-column' | 'use-column';

export interface Shop {
  readonly server: PostgresServer;
  /** `postgres://…` as the owner. */
  readonly url: string;
  asOwner<T>(work: (client: Client) => Promise<T>): Promise<T>;
  asApplication<T>(work: (client: Client) => Promise<T>): Promise<T>;
  run(script: Script): Promise<void>;
  /** Runs a script as the server's superuser: quick, because no foreign key is checked row by row. */
  load(script: Script): Promise<void>;
}

const SCRIPTS = join('lib', 'demo', 'shop');

export function readScript(script: Script): string {
  return readFileSync(join(scriptFolder(), `${script}.sql`), 'utf8');
}

/** Above this module, whether it runs as it is or out of a bundle in dist/. */
function scriptFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, SCRIPTS)) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, SCRIPTS);
}

/** Makes the roles and an empty database on a server. */
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

/** Makes the provider's tables and rows. Takes a few seconds. */
export async function fillShop(shop: Shop): Promise<void> {
  await shop.run('tables');
  await shop.load('fill');
  await shop.run('behaviour');
}
