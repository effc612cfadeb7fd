import { join } from 'node:path';
import { withClient } from '../../lib/db/client.ts';
import { quoteIdent, quoteLiteral } from '../../lib/db/identifier.ts';
import { type PostgresServer, startServer } from '../../lib/demo/postgres-server.ts';

/** The data of a server that a test file needs. */
export interface ServerAddress {
  version: number;
  host: string;
  port: number;
  superuser: string;
  password: string;
}

/** The role that owns the tests' databases. It may create objects in them, and nothing else. */
export const PLAIN_OWNER = 'app';
/** A database in which pgtide is installed, to be cloned. */
export const TEMPLATE = 'pgtide_template';

/**
 * Settings of a server. Tests have few rows, which replay would take as events. Half of the versions send them as rows
 * nevertheless, so that tests take both ways.
 */
export function fewRowsAsRows(version: number): Record<string, string> {
  return version % 2 === 0 ? { 'pgtide.as_rows': '1' } : {};
}

/** The servers and templates of one test run. Each is created once, when a test file first asks for it. */
export class SharedServers {
  readonly #folder: string;
  readonly #made = new Map<string, Promise<unknown>>();
  readonly #running: PostgresServer[] = [];
  #ending = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `server`: the address. `template`: the same, once the server has the template database. */
  ask(what: string, version: number): Promise<unknown> {
    if (this.#ending) throw new Error('the test run is ending');
    const key = `${what}/${version}`;
    let made = this.#made.get(key);
    if (!made) {
      made = what === 'template' ? this.#makeTemplate(version) : this.#start(version);
      this.#made.set(key, made);
    }
    return made;
  }

  async removeAll(): Promise<void> {
    this.#ending = true;
    await Promise.allSettled(this.#made.values());
    await Promise.allSettled(this.#running.map((server) => server.remove()));
  }

  async #start(version: number): Promise<ServerAddress> {
    const settings = fewRowsAsRows(version);
    const server = await startServer({ version, folder: join(this.#folder, String(version)), settings });
    this.#running.push(server);
    const { host, port, superuser, password } = server;
    const address = { version, host, port, superuser, password };
    await asSuperuser(address, 'postgres', createRoleStatement(PLAIN_OWNER, password));
    return address;
  }

  async #makeTemplate(version: number): Promise<ServerAddress> {
    const address = (await this.ask('server', version)) as ServerAddress;
    await asSuperuser(
      address,
      'postgres',
      `create database ${quoteIdent(TEMPLATE)} owner ${quoteIdent(PLAIN_OWNER)}`,
    );
    const { install } = await import('../../lib/install/install-schemas.ts');
    await withClient(targetOf(address, TEMPLATE, PLAIN_OWNER), 'test template', (client) => install(client));
    return address;
  }
}

/** Idempotent, even if two test files call it at the same time. */
export function createRoleStatement(role: string, password: string): string {
  return `do $$ begin
    create role ${quoteIdent(role)} login nosuperuser nocreaterole nocreatedb password ${quoteLiteral(password)};
  exception when duplicate_object or unique_violation then null; end $$`;
}

export function targetOf(server: ServerAddress, database: string, user: string) {
  const { host, port, password } = server;
  return { node: `${database}@${server.version}`, host, port, user, database, password, ssl: false } as const;
}

export function asSuperuser<T>(server: ServerAddress, database: string, statement: string): Promise<T[]> {
  return withClient(targetOf(server, database, server.superuser), 'test support', (client) =>
    client.query<T>(statement),
  );
}
