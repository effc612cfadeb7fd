/** Nodes that Londiste itself runs, in databases with only our SQL: Londiste's programs, one worker for each node, and pgqd. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { quoteIdent } from '../../lib/db/identifier.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { allowReplicaMode, createDatabase, postgres, type TestDatabase } from './database.ts';
import { connectString, folderForFile, type Run, runPeer, startPeer, startPgqd, writeIni } from './peers.ts';
import { asSuperuser } from './shared-servers.ts';
import { until } from './until.ts';

/** Londiste's copies wait for ticks, and between their steps. */
export const PATIENCE_MS = 120_000;

/** Databases by name, and Londiste's command line with the settings of a node: a database, and a queue in it. */
export class LondisteNodes {
  readonly #folder = folderForFile();
  readonly #databases: Record<string, TestDatabase> = {};
  readonly #inis: Record<string, string> = {};

  database(name: string): TestDatabase {
    const found = this.#databases[name];
    if (!found) throw new Error(`no database ${name}`);
    return found;
  }

  async createDatabase(name: string, tables: string): Promise<TestDatabase> {
    const server = await postgres(15);
    const db = await createDatabase(server, { owner: 'replicator' });
    // Londiste's workers apply rows in replica mode, on the root, too.
    await allowReplicaMode(server, 'replicator');
    await db.client(async (client) => {
      await install(client);
      await client.query(tables);
    });
    this.#databases[name] = db;
    return db;
  }

  /** Registers settings for `run` under a name. */
  configure(name: string, database: string, queue: string, more: Record<string, string> = {}): void {
    this.#inis[name] = writeIni(this.#folder, name, 'londiste', {
      job_name: `${name}_worker`,
      db: connectString(this.database(database)),
      queue_name: queue,
      loop_delay: 0.1,
      handler_modules: 'londiste.handlers.vtable',
      ...more,
    });
  }

  connectString(name: string): string {
    return connectString(this.database(name));
  }

  #ini(name: string): string {
    const ini = this.#inis[name];
    if (!ini) throw new Error(`no node ${name}`);
    return ini;
  }

  startWorkers(...names: string[]): void {
    for (const name of names) startPeer('londiste', ['-q', this.#ini(name), 'worker']);
  }

  startPgqd(...names: string[]): void {
    startPgqd(
      this.#folder,
      names.map((name) => this.database(name)),
    );
  }

  /** Lets the tickers of these databases tick several times a second. */
  async tickOften(...names: string[]): Promise<void> {
    for (const name of names)
      await this.query(
        name,
        `update pgq.queue set queue_ticker_max_lag = '0.1 s', queue_ticker_idle_period = '0.2 s'`,
      );
  }

  /** Runs a command, which may fail. */
  attempt(name: string, ...words: string[]): Promise<Run> {
    return runPeer('londiste', [this.#ini(name), ...words]);
  }

  /** Runs a command, which must succeed, and returns its output. */
  async run(name: string, ...words: string[]): Promise<string> {
    const { status, out, err } = await this.attempt(name, ...words);
    expect([status, err].join(': ')).toMatch(/^0: /);
    expect(err).not.toMatch(/ERROR|Traceback/);
    return out + err;
  }

  /** Makes a database unreachable from now on. */
  async kill(name: string): Promise<void> {
    const { name: database, server } = this.database(name);
    const run = (sql: string) => asSuperuser(server, 'postgres', sql);
    await run(`alter database ${quoteIdent(database)} allow_connections false`);
    await run(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`);
  }

  /** Writes a script, and returns its path. */
  script(name: string, sql: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, sql);
    return path;
  }

  query<T extends object>(name: string, sql: string, values: unknown[] = []): Promise<T[]> {
    return this.database(name).client((client: Client) => client.query<T>(sql, values));
  }

  /** Waits until a query gives the same result in all databases, and returns the result. */
  async equal(names: readonly string[], sql: string): Promise<unknown[]> {
    let first: unknown[] = [];
    await until(
      `the same in ${names.join(', ')}: ${sql}`,
      async () => {
        const answers = await Promise.all(names.map((name) => this.query(name, sql)));
        first = answers[0] ?? [];
        return new Set(answers.map((answer) => JSON.stringify(answer))).size === 1;
      },
      PATIENCE_MS,
    );
    return first;
  }

  /** Waits until a query gives this number of rows. */
  count(name: string, sql: string, rows: number): Promise<unknown> {
    return until(
      `${rows} rows in ${name}: ${sql}`,
      async () => (await this.query(name, sql)).length === rows,
      PATIENCE_MS,
    );
  }

  /** Waits until a table is ok on a node. */
  async ok(name: string, table: string): Promise<void> {
    await until(
      `${table} is ok on ${name}`,
      async () =>
        new RegExp(`^${table.replaceAll('.', '\\.')} +ok`, 'm').test(await this.run(name, 'tables')),
      PATIENCE_MS,
    );
  }
}
