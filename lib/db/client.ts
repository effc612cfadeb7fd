import type { SecureContext } from 'node:tls';
import pg from 'pg';
import { PgtideError } from '../errors.ts';
import { withMissingGrant } from './missing-grant.ts';
import { pinSession } from './pinned-settings.ts';
import { isServerError, type ServerError, serverTextOf } from './server-error.ts';
import { AS_EVENTS, asBeginError, asPgtideError } from './sqlstate.ts';

/**
 * The address and the user to connect with. lib/secrets builds it from a node's configuration. It holds the password,
 * so never log it.
 */
export interface ConnectionTarget {
  /** The node's name, for messages. */
  node: string;
  host: string;
  port: number;
  user: string;
  database: string;
  password?: string | undefined;
  /** False means no TLS; otherwise Node's TLS options. */
  ssl:
    | false
    | {
        rejectUnauthorized: boolean;
        ca?: string;
        secureContext?: SecureContext;
        servername?: string;
        checkServerIdentity?: () => undefined;
      };
}

export type Row = Record<string, unknown>;

export interface TransactionOptions {
  isolation?: 'read committed' | 'repeatable read';
  readOnly?: boolean;
  /** Cancels any statement that runs longer. */
  statementTimeoutMs?: number;
  /** Ends the session if the client sends nothing for that long between two statements. Default: statementTimeoutMs. */
  idleTimeoutMs?: number | undefined;
  /** Longest wait for a lock. */
  lockTimeoutMs?: number | undefined;
}

const INT8_OID = 20;

/** Decodes int8 as `bigint` on this client alone; the process-wide parsers stay unchanged. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8_OID && format !== 'binary') return BigInt;
    return pg.types.getTypeParser(oid, format);
  },
} as pg.CustomTypesConfig;

/**
 * SQLSTATE of the notices with which pgtide._failure_text reports the server's text of an error. Other notices are
 * not about errors.
 */
const TEXT_OF_FAILURE = 'TD011';

/**
 * One connection. It sends no named statements and keeps no session state, so it works through a transaction pooler.
 */
export class Client {
  readonly node: string;
  /** The driver's client, only for COPY streams (lib/db/copy-pipe.ts). */
  readonly connection: pg.Client;

  readonly #pinned: boolean;
  readonly #onServerText: ((text: string) => void) | undefined;

  constructor(node: string, connection: pg.Client, { pinned, onServerText }: ConnectionOptions = {}) {
    this.node = node;
    this.connection = connection;
    this.#pinned = pinned ?? false;
    this.#onServerText = onServerText;
    if (onServerText)
      connection.on('notice', (notice) => {
        if (notice.code === TEXT_OF_FAILURE) onServerText(serverTextOf(notice as ServerError));
      });
  }

  /** Converts what the driver threw for this statement to an error without values. */
  errorOf(error: unknown, statement?: string): PgtideError {
    if (isServerError(error) && error.code !== AS_EVENTS) this.#onServerText?.(serverTextOf(error));
    return asPgtideError(error, this.node, { statement });
  }

  /** Runs one statement (or, without values, several) and returns the rows of the last. */
  query<T = Row>(text: string, values?: unknown[]): Promise<T[]> {
    if (this.inTransaction || !this.#pinned) return this.#send(text, values);
    return this.transaction({}, () => this.#send(text, values));
  }

  async #send<T = Row>(text: string, values?: unknown[]): Promise<T[]> {
    try {
      const result = values ? await this.connection.query(text, values) : await this.connection.query(text);
      const last = Array.isArray(result) ? result.at(-1) : result;
      return (last?.rows ?? []) as T[];
    } catch (error) {
      throw this.errorOf(error, text);
    }
  }

  /** Runs one statement; the server refuses a text that holds several. */
  async single(text: string): Promise<void> {
    try {
      await this.connection.query({ text, queryMode: 'extended' } as pg.QueryConfig);
    } catch (error) {
      throw this.errorOf(error, text);
    }
  }

  /** Runs several statements, sent unchanged as one message, and returns the rows of each. */
  async script(text: string): Promise<Row[][]> {
    try {
      const results: unknown = await this.connection.query(text);
      return (Array.isArray(results) ? results : [results]).map((result) => result.rows ?? []);
    } catch (error) {
      throw this.errorOf(error, text);
    }
  }

  /** Returns the first row, or undefined. */
  async first<T = Row>(text: string, values?: unknown[]): Promise<T | undefined> {
    return (await this.query<T>(text, values))[0];
  }

  /** True between BEGIN and the end of the transaction, also after one of its statements has failed. */
  get inTransaction(): boolean {
    return ['T', 'E'].includes(this.connection.getTransactionStatus() ?? 'I');
  }

  /**
   * If a statement of the transaction failed unnoticed, the server answers COMMIT with ROLLBACK, which is not a
   * success.
   */
  async #commit(): Promise<void> {
    let answer: string;
    try {
      answer = (await this.connection.query('commit')).command;
    } catch (error) {
      throw this.errorOf(error);
    }
    if (answer !== 'COMMIT')
      throw new PgtideError('internal', `${this.node}: the transaction was rolled back`);
  }

  async #endReading(): Promise<void> {
    const failed = this.connection.getTransactionStatus() === 'E';
    await this.script('rollback');
    if (failed) throw new PgtideError('internal', `${this.node}: the transaction had failed`);
  }

  /**
   * Runs `work` in one transaction with pinned session settings: commits when it returns, rolls back when it throws.
   * A read-only transaction is always rolled back: it has nothing to commit, and foreign code that ran in it leaves
   * no setting behind.
   */
  async transaction<T>(options: TransactionOptions, work: () => Promise<T>): Promise<T> {
    const begin = beginStatement(options);
    await this.script(this.#onServerText ? `${begin}; set local pgtide.show_values = 'on'` : begin).catch(
      (error: unknown) => {
        throw asBeginError(error, this.node);
      },
    );
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.script('rollback').catch(() => undefined);
      throw error;
    }
    await (options.readOnly ? this.#endReading() : this.#commit());
    return result;
  }
}

/** BEGIN and the pinned settings, in one round trip. */
export function beginStatement(options: TransactionOptions): string {
  const isolation = options.isolation ?? 'read committed';
  const access = options.readOnly ? 'read only' : 'read write';
  return [
    `begin isolation level ${isolation} ${access}`,
    pinSession,
    `set local statement_timeout = ${Math.ceil(options.statementTimeoutMs ?? 0)}`,
    // A client that disappears without notice (a frozen function, a lost network) must not keep its locks for hours.
    `set local idle_in_transaction_session_timeout = ${Math.ceil(options.idleTimeoutMs ?? options.statementTimeoutMs ?? 0)}`,
    `set local lock_timeout = ${Math.ceil(options.lockTimeoutMs ?? 0)}`,
  ].join('; ');
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Longest time that a server may take to receive the end of the connection. */
const CLOSE_TIMEOUT_MS = 2_000;
/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

export interface ConnectionOptions {
  /** Longest time for opening the connection, if it is less than the usual limit. */
  connectMs?: number | undefined;
  /**
   * Cuts the connection after this time, counted from before it is opened, whatever it waits for. The server enforces
   * the timeouts of statements. This limit is for a network that has become silent, where TCP alone would wait for
   * many minutes. Default: never.
   */
  cutAfterMs?: number;
  /**
   * Runs a statement outside of a transaction in a separate one, with pinned settings (lib/db/pinned-settings.ts). It
   * may then write even if the role or the database has made transactions read only. Default: false.
   */
  pinned?: boolean;
  /**
   * Receives the server's own texts of errors, which may hold values of rows (setting errors.showValues). Default:
   * they are dropped.
   */
  onServerText?: ((text: string) => void) | undefined;
}

/** Opens a connection for the time of `work`, and always closes it. */
export async function withClient<T>(
  target: ConnectionTarget,
  applicationName: string,
  work: (client: Client) => Promise<T>,
  options: ConnectionOptions = {},
): Promise<T> {
  const { cutAfterMs = LONGEST_MS, connectMs = CONNECT_TIMEOUT_MS } = options;
  const began = performance.now();
  const connection = new pg.Client({
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    password: target.password ?? '',
    ssl: target.ssl,
    application_name: applicationName,
    client_encoding: 'UTF8',
    connectionTimeoutMillis: Math.max(1, Math.min(CONNECT_TIMEOUT_MS, connectMs, cutAfterMs)),
    keepAlive: true,
    types,
  });
  // A connection that dies between two queries emits this event; the next query fails with the reason.
  connection.on('error', () => undefined);
  try {
    await connection.connect();
  } catch (error) {
    await connection.end().catch(() => undefined);
    throw asPgtideError(
      error,
      `${target.node} (${target.host}:${target.port}/${target.database} as ${target.user})`,
      { connecting: true },
    );
  }
  const cut = () => connection.connection.stream.destroy();
  const leftMs = () => Math.max(0, Math.min(cutAfterMs - (performance.now() - began), LONGEST_MS));
  const timer = setTimeout(cut, leftMs());
  const client = new Client(target.node, connection, options);
  try {
    return await work(client);
  } catch (error) {
    throw await withMissingGrant(client, error);
  } finally {
    clearTimeout(timer);
    const closeTimer = setTimeout(cut, Math.min(CLOSE_TIMEOUT_MS, leftMs()));
    await connection.end().catch(() => undefined);
    clearTimeout(closeTimer);
  }
}
